//! What raters think of an edited item beside the one that it was made from: the paper's form (§8 of its evaluation).
//!
//! A rater is a language model or a person. They see two items without knowing which came first, and answer eleven
//! questions; then once more with the sides swapped, so that who always takes the left one says nothing. How often that
//! happens is reported beside the results: *position bias* and *agreement*.

use serde::{Deserialize, Serialize};

use crate::answer::Ballot;
use crate::eval::Interval;
use crate::prompt::Kind;

/// Places of the questions on a ballot.
const USER_PREFERS: usize = 0;
const USER_RATES: [usize; 2] = [2, 3];
const DIFFERENCE: usize = 4;
const RATER_PREFERS: usize = 7;
const APPEALS: usize = 10;

/// One pair's two ballots. An open question counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Opinion {
    /// With the original on the left, as A, and what was made of it on the right.
    pub original_first: Ballot,
    /// With the sides swapped.
    pub edited_first: Ballot,
}

/// What many opinions come to. Intervals are over pairs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RaterReport {
    /// Pairs that were judged.
    pub pairs: usize,
    /// Share of ballots that say the user prefers the edited item (question 1).
    pub user_utility: Interval,
    /// Share on which the rater does (question 8).
    pub rater_utility: Interval,
    /// How different the two are, from 0 (not at all) to 1 (question 5).
    pub distance: Interval,
    /// Stars that the user would give the edited item, less those for the original (questions 3 and 4).
    pub rating_gain: Interval,
    /// Share that say the edited item appeals to more people (question 11).
    pub appeal: Interval,
    /// Share of pairs on which question 1 has the same answer whichever came first; 0.5 is chance.
    pub agreement: Interval,
    /// Share of the left side among the answers to question 1, less a half; 0 is fair.
    pub position_bias: Interval,
    /// Share of ballots whose ratings do not contradict question 1.
    pub consistency: Interval,
}

/// One ballot, with its sides named.
#[derive(Clone, Copy)]
struct Side {
    ballot: Ballot,
    /// Place of the edited item: 0 for A, 1 for B.
    edited: usize,
}

impl RaterReport {
    /// Sums opinions up. `seed` is that of the intervals' bootstrap.
    ///
    /// ```
    /// use aquiline::answer::ballot;
    /// use aquiline::prompt::Domain;
    /// use aquiline::raters::{Opinion, RaterReport};
    ///
    /// let read = |text| ballot(text, &Domain::films()).0;
    /// let fair = Opinion { original_first: read("1: B\n3: 2\n4: 4"), edited_first: read("1: A\n3: 5\n4: 3") };
    /// let biased = Opinion { original_first: read("1: A"), edited_first: read("1: A") };
    /// let report = RaterReport::of(&[fair, biased], 0);
    /// assert_eq!((report.user_utility.mean, report.agreement.mean), (0.75, 0.5));
    /// assert_eq!((report.rating_gain.mean, report.position_bias.mean), (2.0, 0.25));
    /// ```
    pub fn of(opinions: &[Opinion], seed: u64) -> Self {
        // Of each pair the mean of its ballots, so that a pair counts once.
        let of_pairs = |score: &dyn Fn(Side) -> Option<f64>| {
            let scores: Vec<f64> = opinions.iter().filter_map(|opinion| mean(opinion.sides().map(score))).collect();
            Interval::of_mean(&scores, seed)
        };
        let prefers =
            |question: usize| move |side: Side| side.choice(question).map(|choice| share(choice == side.edited));
        let agreement: Vec<f64> = opinions.iter().filter_map(Opinion::agrees).map(share).collect();
        RaterReport {
            pairs: opinions.len(),
            user_utility: of_pairs(&prefers(USER_PREFERS)),
            rater_utility: of_pairs(&prefers(RATER_PREFERS)),
            distance: of_pairs(&|side| {
                Some(side.choice(DIFFERENCE)? as f64 / (Kind::Scale.choices().len() - 1) as f64)
            }),
            rating_gain: of_pairs(&Side::gain),
            appeal: of_pairs(&prefers(APPEALS)),
            agreement: Interval::of_mean(&agreement, seed),
            position_bias: of_pairs(&|side| Some(share(side.choice(USER_PREFERS)? == 0) - 0.5)),
            consistency: of_pairs(&Side::consistency),
        }
    }
}

impl Opinion {
    fn sides(&self) -> [Side; 2] {
        [Side { ballot: self.original_first, edited: 1 }, Side { ballot: self.edited_first, edited: 0 }]
    }

    /// Whether both ballots say that the user prefers the same item.
    fn agrees(&self) -> Option<bool> {
        let [first, second] = self.sides().map(|side| Some(side.choice(USER_PREFERS)? == side.edited));
        Some(first? == second?)
    }
}

impl Side {
    fn choice(self, question: usize) -> Option<usize> {
        self.ballot[question]
    }

    /// Stars for the edited item, less those for the original.
    fn gain(self) -> Option<f64> {
        let [edited, original] = [self.edited, 1 - self.edited].map(|place| self.choice(USER_RATES[place]));
        Some(edited? as f64 - original? as f64)
    }

    fn consistency(self) -> Option<f64> {
        let (gain, prefers) = (self.gain()?, self.choice(USER_PREFERS)? == self.edited);
        Some(share(gain == 0.0 || (gain > 0.0) == prefers))
    }
}

fn share(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

fn mean(values: [Option<f64>; 2]) -> Option<f64> {
    let values: Vec<f64> = values.into_iter().flatten().collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
