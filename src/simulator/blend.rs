//! A text that lies among other texts: whole sentences of each, in proportion.

use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::edit::MOST_REASONS;
use crate::catalog::{Item, sentences};

/// Fewest and most words of a blended plot, as far as there are sentences.
const PLOT_WORDS: (usize, usize) = (50, 110);

/// How large a blend is to be.
#[derive(Clone, Copy)]
struct Size {
    least: usize,
    wanted: usize,
    most: usize,
    measure: fn(&str) -> usize,
}

/// A piece of text, and where in its own text it stood.
struct Piece {
    text: String,
    place: usize,
}

/// What may still be taken of one text, and how much of it should be.
struct Source {
    pieces: Vec<Piece>,
    quota: f32,
}

/// The anchor, told with what its neighbours have; weights that are no shares count as none.
pub(super) fn blend(anchor: &Item, neighbours: &[Item], weights: &[f32], random: &mut ChaCha8Rng) -> Item {
    let share = |weight: f32| if weight.is_finite() { weight.max(0.0) } else { 0.0 };
    let sum: f32 = weights.iter().map(|&weight| share(weight)).sum();
    let shares = weights.iter().map(|&weight| share(weight) / sum);
    let neighbours: Vec<(&Item, f32)> = neighbours.iter().zip(shares).filter(|(_, share)| *share > 0.0).collect();
    let mut mixed = |parts: fn(&Item) -> Vec<String>, size: fn(&[String]) -> Size| {
        let own = parts(anchor);
        let others = neighbours.iter().map(|(item, share)| (parts(item), *share)).collect();
        let size = size(&own);
        blended(own, others, size, random)
    };
    Item {
        plot: mixed(|item| sentences(&item.plot), plot_size).join(" "),
        likes: mixed(|item| item.likes.clone(), reasons_size),
        dislikes: mixed(|item| item.dislikes.clone(), reasons_size),
        ..anchor.clone()
    }
}

fn plot_size(own: &[String]) -> Size {
    let (least, most) = PLOT_WORDS;
    let measure = |text: &str| text.split_whitespace().count();
    Size { least, wanted: own.iter().map(|text| measure(text)).sum::<usize>().clamp(least, most), most, measure }
}

fn reasons_size(own: &[String]) -> Size {
    Size { least: 1, wanted: own.len().clamp(1, MOST_REASONS), most: MOST_REASONS, measure: |_| 1 }
}

/// The first of `own`, then pieces of the others by their shares; the rest of `own` only where those do not suffice.
fn blended(own: Vec<String>, others: Vec<(Vec<String>, f32)>, size: Size, random: &mut ChaCha8Rng) -> Vec<String> {
    let mut own = pieces(own);
    let mut chosen: Vec<Piece> = own.drain(..own.len().min(1)).collect();
    let open = size.wanted.saturating_sub(size.of(&chosen)) as f32;
    let quotas = others.into_iter().map(|(texts, share)| Source { pieces: pieces(texts), quota: share * open });
    let last_resort = Source { pieces: own, quota: f32::NEG_INFINITY };
    let mut sources: Vec<Source> = quotas.chain([last_resort]).collect();
    while let Some(piece) = next(&mut sources, &chosen, size, random) {
        chosen.push(piece);
    }
    // The first stays first: it says what the item is. Of the others, what begins a text stands before what ends one.
    chosen.iter_mut().skip(1).for_each(|piece| piece.place += 1);
    crate::order::sort_by_key(&mut chosen, |piece| piece.place);
    chosen.into_iter().map(|piece| piece.text).collect()
}

/// Takes a piece from the source with most of its quota left, unless the blend is better without one.
fn next(sources: &mut [Source], chosen: &[Piece], size: Size, random: &mut ChaCha8Rng) -> Option<Piece> {
    let total = size.of(chosen);
    let fits = |piece: &Piece| {
        let with = total + (size.measure)(&piece.text);
        let is_better = total < size.least || with.abs_diff(size.wanted) < total.abs_diff(size.wanted);
        is_better && with <= size.most && chosen.iter().all(|other| other.text != piece.text)
    };
    let able = sources.iter_mut().filter(|source| source.pieces.iter().any(fits));
    let source = able.max_by(|a, b| a.quota.total_cmp(&b.quota))?;
    let fitting: Vec<usize> = (0..source.pieces.len()).filter(|&piece| fits(&source.pieces[piece])).collect();
    let piece = source.pieces.remove(*fitting.choose(random)?);
    source.quota -= (size.measure)(&piece.text) as f32;
    Some(piece)
}

fn pieces(texts: Vec<String>) -> Vec<Piece> {
    texts.into_iter().enumerate().map(|(place, text)| Piece { text, place }).collect()
}

impl Size {
    fn of(&self, pieces: &[Piece]) -> usize {
        pieces.iter().map(|piece| (self.measure)(&piece.text)).sum()
    }
}
