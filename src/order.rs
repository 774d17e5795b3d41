//! Sorting that is compiled once.
//!
//! Every call of the standard library's sort with a comparison of its own is another copy of it that a browser downloads:
//! 257 kB in all, before optimisation. Here only indices are sorted, by a comparison behind a pointer. Stable, as the standard one is.

use std::cmp::Ordering;

/// Sorts by a comparison.
pub(crate) fn sort_by<T>(items: &mut Vec<T>, mut compare: impl FnMut(&T, &T) -> Ordering) {
    let order = indices(items.len(), &mut |a, b| compare(&items[a], &items[b]));
    let mut before: Vec<Option<T>> = std::mem::take(items).into_iter().map(Some).collect();
    items.extend(order.into_iter().filter_map(|index| before[index].take()));
}

/// Sorts by a key.
pub(crate) fn sort_by_key<T, Key: Ord>(items: &mut Vec<T>, key: impl Fn(&T) -> Key) {
    sort_by(items, |a, b| key(a).cmp(&key(b)));
}

/// Sorts numbers, smallest first.
pub(crate) fn sort_numbers<T: Copy + Into<f64>>(numbers: &mut Vec<T>) {
    sort_by(numbers, |&a, &b| a.into().total_cmp(&b.into()));
}

/// The order in which things stand once they are sorted, as indices into how they stand now.
pub(crate) fn indices(count: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| compare(a, b));
    order
}
