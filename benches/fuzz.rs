//! Mutated answers against everything that reads what strangers send: `./build.sh bench fuzz MINUTES`.
//!
//! Answers of the corpus, and bytes of streams, are cut, spliced, repeated and sprinkled; every reader must come back,
//! within its bounds, with nothing invisible in what it read. A finding ends the run with its seed and the input.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use aquiline::action::Origin;
use aquiline::answer;
use aquiline::catalog::Item;
use aquiline::llm::openai::{Incoming, MOST_BYTES, decode};
use aquiline::prompt::Domain;
use aquiline::rollout::transcript::Transcript;
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const CORPUS: [&str; 4] = [
    include_str!("../tests/fixtures/answers/actions.txt"),
    include_str!("../tests/fixtures/answers/items.txt"),
    include_str!("../tests/fixtures/answers/profiles.txt"),
    include_str!("../tests/fixtures/injections.txt"),
];
const STREAM: &str = concat!(
    "data: {\"choices\":[{\"delta\":{\"content\":\"Box \"}}]}\n\n",
    ": comment\r\nevent: x\ndata: {\"choices\":[{\"delta\":{\"content\":[{\"text\":\"kite\"}]},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
    "{\"error\":{\"message\":\"no\",\"code\":429}}",
    "{\"choices\":[{\"message\":{\"content\":\"x\",\"refusal\":null},\"finish_reason\":\"length\"}]}",
);
const SPRINKLES: [&str; 24] = [
    "\n",
    "\n\n",
    "**",
    "```",
    "```json\n",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    "\\u",
    "\\ud800",
    "- ",
    "1. ",
    "| ",
    "# ",
    "END",
    "\u{202e}",
    "\u{200b}",
    "\u{e0041}",
    "\u{0}",
    "é",
    "日本語",
];
const MOST_INPUT: usize = 20_000;

fn main() {
    let minutes: f64 = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(1.0);
    let texts: Vec<&str> = CORPUS.iter().flat_map(|file| file.split("@@@")).collect();
    let (began, time) = (Instant::now(), Duration::from_secs_f64(60.0 * minutes));
    let (mut seed, mut longest) = (0_u64, Duration::ZERO);
    while began.elapsed() < time {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let text = mutated(texts.choose(&mut random).expect("the corpus is not empty"), &texts, &mut random);
        let stream = mutated(STREAM, &texts, &mut random);
        let started = Instant::now();
        let tried = catch_unwind(AssertUnwindSafe(|| {
            read_answer(&text);
            read_bytes(stream.as_bytes(), &mut random);
        }));
        longest = longest.max(started.elapsed());
        assert!(tried.is_ok(), "seed {seed}:\n{text}\n---\n{stream}");
        seed += 1;
    }
    println!("{seed} inputs in {minutes} minutes: no finding; the longest took {:.0} ms", longest.as_secs_f64() * 1e3);
}

/// A text after a few accidents.
fn mutated(text: &str, others: &[&str], random: &mut ChaCha8Rng) -> String {
    let mut text: Vec<char> = text.chars().take(MOST_INPUT).collect();
    for _ in 0..random.random_range(0..12) {
        let at = random.random_range(0..=text.len());
        let end = (at + random.random_range(0..200)).min(text.len());
        match random.random_range(0..7) {
            0 => drop(text.drain(at..end)),
            1 => text.truncate(at),
            2 => {
                let piece: Vec<char> = text[at..end].repeat(random.random_range(1..20));
                text.splice(at..at, piece);
            }
            3 => {
                let other: Vec<char> = others.choose(random).expect("there are others").chars().collect();
                let from = random.random_range(0..=other.len());
                text.splice(at..end, other[from..].iter().copied().take(500));
            }
            4 => {
                let character = char::from_u32(random.random_range(0..0x11_0000)).unwrap_or('?');
                text.splice(at..at, [character]);
            }
            _ => {
                let sprinkle = SPRINKLES.choose(random).expect("there are sprinkles");
                text.splice(at..at, sprinkle.repeat(random.random_range(1..4)).chars());
            }
        }
        text.truncate(MOST_INPUT);
    }
    text.into_iter().collect()
}

fn read_answer(text: &str) {
    for domain in [Domain::films(), Domain::products(), Domain::items()] {
        let (actions, _) = answer::actions(text, &domain, 7, Origin::Generic);
        assert!(actions.len() <= 7);
        actions.iter().for_each(|action| assert_plain(&action.text));
        let (item, _) = answer::item(text, &domain, &kites());
        if let Some(item) = item {
            assert_eq!((&*item.id, &*item.title, item.year), ("kites", "Kites", Some(1999)));
            assert_plain(&item.plot);
            item.likes.iter().chain(&item.dislikes).for_each(|reason| assert_plain(reason));
        }
        let (profile, _) = answer::profile(text, &domain, &["Kites"]);
        profile.iter().filter(|section| !section.is_empty()).for_each(|section| assert_plain(section));
        let _ = answer::ballot(text, &domain);
    }
    let _ = Transcript::from_jsonl(text, "fuzz");
}

fn assert_plain(text: &str) {
    assert!(!text.trim().is_empty() && text.len() <= MOST_BYTES);
    let invisible =
        |c: char| c.is_control() || ('\u{200b}'..='\u{200f}').contains(&c) || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!text.chars().any(|c| invisible(c) || ('\u{e0000}'..='\u{e0fff}').contains(&c)), "{text:?}");
}

/// The same bytes whole, and in pieces: what a stream says does not depend on where it is cut.
fn read_bytes(bytes: &[u8], random: &mut ChaCha8Rng) {
    let _ = decode(random.random_range(100..600), Some("1e9"), bytes);
    let whole = pushed(bytes, usize::MAX);
    assert_eq!(whole, pushed(bytes, random.random_range(1..40)));
}

fn pushed(bytes: &[u8], piece: usize) -> String {
    let mut incoming = Incoming::new(200, None);
    for piece in bytes.chunks(piece.min(bytes.len().max(1))) {
        if let Err(error) = incoming.push(piece) {
            return format!("{} {error:?}", incoming.text());
        }
    }
    format!("{:?}", incoming.finish())
}

fn kites() -> Item {
    Item {
        id: "kites".into(),
        title: "Kites".into(),
        year: Some(1999),
        genres: vec!["Drama".into()],
        plot: "Two sisters build a kite that carries a house.".into(),
        likes: Vec::new(),
        dislikes: Vec::new(),
    }
}
