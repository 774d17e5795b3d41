//! Judges of every temper, and what their ballots come to.

use aquiline::answer::{Ballot, ballot};
use aquiline::prompt::Domain;
use aquiline::raters::{Opinion, RaterReport};

fn read(text: &str) -> Ballot {
    ballot(text, &Domain::films()).0
}

/// A judge who prefers the edited item wherever it stands, or not.
fn fair(prefers_edited: bool) -> Opinion {
    let (edited_is_b, edited_is_a) = ("1: B\n3: 2\n4: 5\n5: 3\n8: B\n11: B", "1: A\n3: 5\n4: 2\n5: 3\n8: A\n11: A");
    match prefers_edited {
        true => Opinion { original_first: read(edited_is_b), edited_first: read(edited_is_a) },
        false => Opinion { original_first: read(edited_is_a), edited_first: read(edited_is_b) },
    }
}

#[test]
fn a_fair_judge_is_summed_up() {
    let opinions: Vec<Opinion> = (0..40).map(|pair| fair(pair % 4 != 0)).collect();
    let report = RaterReport::of(&opinions, 0);
    assert_eq!((report.pairs, report.user_utility.mean, report.rater_utility.mean), (40, 0.75, 0.75));
    assert_eq!((report.rating_gain.mean, report.distance.mean, report.appeal.mean), (1.5, 0.5, 0.75));
    assert_eq!((report.agreement.mean, report.position_bias.mean, report.consistency.mean), (1.0, 0.0, 1.0));
    assert!(report.user_utility.low > 0.55 && report.user_utility.high < 0.95, "{}", report.user_utility);
    assert_eq!(report, RaterReport::of(&opinions, 0), "a seed draws the intervals");
}

#[test]
fn who_always_takes_the_left_one_says_nothing_and_is_found_out() {
    let left = Opinion { original_first: read("1: A\n3: 5\n4: 1"), edited_first: read("1: A\n3: 5\n4: 1") };
    let report = RaterReport::of(&[left; 20], 0);
    assert_eq!((report.user_utility.mean, report.rating_gain.mean), (0.5, 0.0));
    assert_eq!((report.agreement.mean, report.position_bias.mean), (0.0, 0.5));
}

#[test]
fn who_contradicts_themselves_is_found_out() {
    let torn = Opinion { original_first: read("1: A\n3: 1\n4: 5"), edited_first: read("1: A\n3: 3\n4: 3") };
    assert_eq!(RaterReport::of(&[torn], 0).consistency.mean, 0.5, "equal stars contradict nothing");
}

#[test]
fn open_questions_count_for_nothing() {
    let half = Opinion { original_first: read("1: B"), edited_first: Ballot::default() };
    let silent = Opinion { original_first: Ballot::default(), edited_first: Ballot::default() };
    let report = RaterReport::of(&[half, silent], 0);
    assert_eq!((report.pairs, report.user_utility.mean), (2, 1.0));
    assert!(report.agreement.mean.is_nan() && report.rater_utility.mean.is_nan());
    assert!(RaterReport::of(&[], 0).user_utility.mean.is_nan());
}
