//! Human preference: which of two texts did people like better, and what would they like best?
//!
//! Run with `cargo run --no-default-features --example preference`.

use aquiline::gap::{self, GapSettings};
use aquiline::latent::Latents;
use aquiline::preference::{Preference, PreferenceSettings};
use aquiline::utility::{Term, Utility};

/// Where eight films lie: how warm they are, and how loud.
const FILMS: [(&str, [f32; 2]); 8] = [
    ("Night Tide", [-0.8, -0.6]),
    ("The Beekeeper's Year", [0.9, -0.8]),
    ("Iron Rain", [-0.9, 0.9]),
    ("Kites over Lisbon", [0.7, 0.1]),
    ("The Long Siege", [-0.4, 0.7]),
    ("Sunday Bakery", [1.0, -0.4]),
    ("Static", [-0.2, 0.2]),
    ("Carnival", [0.5, 0.9]),
];

/// Winner and loser of each comparison: people like it warm, care less about loudness, and do not always agree.
const COMPARED: [(usize, usize); 16] = [
    (1, 0),
    (3, 0),
    (5, 2),
    (3, 4),
    (7, 2),
    (5, 6),
    (1, 6),
    (3, 2),
    (0, 2),
    (6, 4),
    (5, 7),
    (1, 7),
    (6, 0),
    (4, 6),
    (3, 5),
    (7, 4),
];

/// Comparisons that the fit does not see.
const HELD_OUT: [(usize, usize); 6] = [(1, 2), (5, 0), (3, 6), (7, 0), (1, 4), (2, 4)];

fn main() -> aquiline::Result<()> {
    let films = Latents::from_rows(2, FILMS.map(|(_, place)| place));
    let preference = Preference::fit(&films, &COMPARED, &PreferenceSettings::default())?;
    println!(
        "Fitted {} comparisons: warmth {:+.2}, loudness {:+.2} logits.",
        COMPARED.len(),
        preference.weights[0],
        preference.weights[1]
    );

    let skill = preference.evaluate(&films, &HELD_OUT)?;
    println!(
        "Held out: {:.0} % foretold, log loss {:.3} (a guess has 50 %, 0.693).\n",
        100.0 * skill.accuracy,
        skill.log_loss
    );

    let mut ranked = FILMS;
    ranked.sort_by(|a, b| preference.value(&b.1).total_cmp(&preference.value(&a.1)));
    for (title, place) in ranked {
        let over_static = preference.probability(&place, &FILMS[6].1);
        println!("{:+.2}  {title:22} preferred to Static with probability {over_static:.2}", preference.value(&place));
    }

    let utility = Utility { terms: vec![(1.0, Term::Preference(preference))] };
    let gaps = gap::find(&utility, &films, &GapSettings { count: 1, ..Default::default() })?;
    for gap in gaps {
        println!(
            "\nThe best place without a film: warmth {:+.2}, loudness {:+.2}, worth {:+.2}.",
            gap.latent[0], gap.latent[1], gap.utility
        );
    }
    Ok(())
}
