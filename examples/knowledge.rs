//! Knowledge: a small graph of films is embedded, and a new film is held to facts it must be consistent with.
//!
//! Run with `cargo run --no-default-features --example knowledge`.

use aquiline::knowledge::{EntityMap, Knowledge, KnowledgeSettings, RequiredFacts, Triple};
use aquiline::latent::Latents;
use aquiline::utility::{Person, Term, Utility};

/// Film, place, era, and where its text lies: how far at sea, how far in the past.
const FILMS: [(&str, &str, &str, [f32; 2]); 10] = [
    ("Night Tide", "harbour", "present", [0.9, -0.8]),
    ("The Salt Road", "desert", "middle ages", [-0.8, 0.9]),
    ("Gulls", "harbour", "present", [1.0, -1.0]),
    ("The Cog", "harbour", "middle ages", [0.8, 1.1]),
    ("Dust and Diesel", "desert", "present", [-1.1, -0.7]),
    ("The Admiral's Map", "harbour", "middle ages", [1.1, 0.8]),
    ("Well Number Nine", "desert", "present", [-0.9, -1.1]),
    ("Caravan", "desert", "middle ages", [-1.0, 1.0]),
    ("Lighthouse Keepers", "harbour", "present", [0.7, -0.9]),
    ("The Last Oasis", "desert", "present", [-0.7, -0.8]),
];

/// Facts that the fit does not see: they follow from what is known of these films' places.
const HIDDEN: [(&str, &str, &str); 3] =
    [("Gulls", "shows", "ships"), ("Caravan", "shows", "camels"), ("Lighthouse Keepers", "shows", "ships")];

fn main() -> aquiline::Result<()> {
    let hidden = HIDDEN.map(|(head, relation, tail)| Triple::new(head, relation, tail));
    let knowledge = Knowledge::fit(&told(&hidden), &KnowledgeSettings::default())?;
    println!("{} entities and {} relations.\n", knowledge.entities().len(), knowledge.relations().len());

    let found = knowledge.evaluate(&hidden)?;
    println!(
        "Hidden facts: mean reciprocal rank {:.2} (chance {:.2}), {:.0} % among the first ten.",
        found.mean_reciprocal_rank,
        found.chance,
        100.0 * found.hits_at_10
    );
    for tail in ["ships", "camels"] {
        println!("  Caravan shows {tail}: {:+.2}", knowledge.plausibility("Caravan", "shows", tail)?);
    }

    // A new film for someone who likes the sea a little, which has to take place in the desert in the middle ages.
    let films = Latents::from_rows(2, FILMS.map(|film| film.3));
    let rows: Vec<(usize, &str)> = FILMS.iter().map(|film| film.0).enumerate().collect();
    let map = EntityMap::fit(&knowledge, &films, &rows, 1.0)?;
    println!("\nPlaces explain {:.0} % of what the graph says of a film.", 100.0 * map.explained());
    let facts = RequiredFacts::new(&knowledge, map, &[("takes place in", "desert"), ("plays in", "middle ages")])?;
    let taste = Term::Affinity(Person { offset: 0.5, vector: vec![0.1, 0.0] });
    for weight in [0.0, 1.0] {
        let utility = Utility { terms: vec![(1.0, taste.clone()), (weight, Term::Knowledge(facts.clone()))] };
        println!("The facts weigh {weight}:");
        for (name, place) in [("modern harbour", [0.9, -0.9]), ("old harbour", [0.9, 0.9]), ("old desert", [-0.9, 0.9])]
        {
            println!("  {name:15} {:+.3}", utility.value(&place));
        }
    }
    Ok(())
}

/// Place, era and what is shown of every film, but for what is hidden.
fn told(hidden: &[Triple]) -> Vec<Triple> {
    let facts = FILMS.iter().flat_map(|&(film, place, era, _)| {
        let shown = if place == "harbour" { "ships" } else { "camels" };
        [
            Triple::new(film, "takes place in", place),
            Triple::new(film, "plays in", era),
            Triple::new(film, "shows", shown),
        ]
    });
    facts.filter(|fact| !hidden.contains(fact)).collect()
}
