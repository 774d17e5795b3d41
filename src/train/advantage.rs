//! How much better a decision was than expected.

use super::{Baseline, Episode, TrainSettings, mean_and_deviation};

/// One entry for each decision, in the order of the episodes.
pub(super) struct Estimate {
    pub(super) advantages: Vec<f32>,
    pub(super) returns: Vec<f32>,
    /// Share of the groups whose episodes all have one reward.
    pub(super) zero_variance_share: f32,
}

pub(super) fn estimate(episodes: &[Episode], values: &[f32], settings: &TrainSettings) -> Estimate {
    let (mut advantages, mut returns) = (Vec::new(), Vec::new());
    let mut rest = values;
    for episode in episodes {
        let (own, after) = rest.split_at(episode.decisions.len());
        let rewards = rewards(episode, settings);
        returns.extend(discounted(&rewards, settings.discount));
        advantages.extend(generalised(&rewards, own, settings));
        rest = after;
    }
    let groups = groups(episodes);
    if settings.baseline == Baseline::Group {
        advantages = episodes.iter().flat_map(|e| vec![relative(e, &groups); e.decisions.len()]).collect();
    }
    if settings.whitening {
        whiten(&mut advantages);
    }
    let equal = groups.values().filter(|(_, deviation)| *deviation < 1e-9).count();
    // Where every episode is a group of its own, there is no such thing.
    let grouped = groups.len() < episodes.len();
    let zero_variance_share = if grouped { equal as f32 / groups.len() as f32 } else { 0.0 };
    Estimate { advantages, returns, zero_variance_share }
}

/// The last utility at the end and 0 before. Shaped, every step has `γ Φ(s_{t+1}) − Φ(s_t)` on top, where Φ is the utility,
/// and 0 once an episode is over.
fn rewards(episode: &Episode, TrainSettings { shaping, discount, .. }: &TrainSettings) -> Vec<f32> {
    let last = episode.decisions.len() - 1;
    let reward = |step: usize| {
        let (before, after) = (episode.utilities[step], episode.utilities[step + 1]);
        match (shaping, step == last) {
            (false, false) => 0.0,
            (false, true) => after,
            (true, false) => discount * after - before,
            (true, true) => after - before,
        }
    };
    (0..=last).map(reward).collect()
}

fn discounted(rewards: &[f32], discount: f32) -> Vec<f32> {
    let mut returns = rewards.to_vec();
    for step in (0..rewards.len().saturating_sub(1)).rev() {
        returns[step] += discount * returns[step + 1];
    }
    returns
}

/// `A_t = Σ_l (γλ)^l δ_{t+l}` with `δ_t = r_t + γ V(s_{t+1}) − V(s_t)`; nothing is expected after the last step.
fn generalised(rewards: &[f32], values: &[f32], settings: &TrainSettings) -> Vec<f32> {
    let TrainSettings { discount, trace, .. } = *settings;
    let surprise = |step: usize| {
        let next = values.get(step + 1).copied().unwrap_or(0.0);
        rewards[step] + discount * next - values[step]
    };
    let surprises: Vec<f32> = (0..rewards.len()).map(surprise).collect();
    discounted(&surprises, discount * trace)
}

/// Mean and deviation of the rewards of each group.
fn groups(episodes: &[Episode]) -> std::collections::BTreeMap<usize, (f32, f32)> {
    let mut rewards: std::collections::BTreeMap<usize, Vec<f32>> = Default::default();
    for episode in episodes {
        rewards.entry(episode.group).or_default().extend(episode.utilities.last());
    }
    rewards.into_iter().map(|(group, rewards)| (group, mean_and_deviation(&rewards))).collect()
}

fn relative(episode: &Episode, groups: &std::collections::BTreeMap<usize, (f32, f32)>) -> f32 {
    let (mean, deviation) = groups.get(&episode.group).copied().unwrap_or_default();
    let reward = episode.utilities.last().copied().unwrap_or_default();
    if deviation < 1e-9 { 0.0 } else { (reward - mean) / deviation }
}

fn whiten(advantages: &mut [f32]) {
    let (mean, deviation) = mean_and_deviation(advantages);
    advantages.iter_mut().for_each(|advantage| *advantage = (*advantage - mean) / (deviation + 1e-8));
}
