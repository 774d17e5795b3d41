//! Effects of an episode, performed with what a session has: its encoder, its simulator, and a policy.

use crate::action::{Action, ActionSpace};
use crate::agent::Agent;
use crate::catalog::Item;
use crate::client::{Asked, Speaker};
use crate::encoder::cache::VectorCache;
use crate::encoder::{DIMENSIONS, Encoder};
use crate::error::Result;
use crate::latent::Latents;
use crate::network::evaluate;
use crate::network::observation::{ActionTable, Observation, Situation, StateEncoding};
use crate::objective::{Objective, State, fields};
use crate::policy::{ReferencePolicy, draw, predicted_shortlist, shortlist};
use crate::rollout::{Choice, Choices, Effect, Outcome, Reply};
use crate::safeguard::Verdict;
use crate::simulator::Simulator;
use crate::train::checkpoint::Checkpoint;
use crate::train::{Decision, Target};
use crate::transition::TransitionModel;

use super::tick::Tick;
use super::view::{Progress, Tell};

/// Texts encoded before the cache is brought up to date: what a cancelled run may lose.
const TEXTS_PER_ROUND: usize = 64;
/// Vectors of candidates' texts that are remembered before all are forgotten.
const MOST_REMEMBERED: usize = 20_000;

/// Temperature that stands for 0: what is most probable has all of the probability.
const COLDEST: f32 = 1e-4;

/// Transitions before predictions are believed at all.
const FEWEST_TRANSITIONS: usize = 50;

/// How the actions of an episode are chosen.
#[derive(Clone, Copy)]
pub(super) enum Chooser<'a> {
    /// By a distribution that is computed at every decision.
    Computed(ReferencePolicy),
    /// By a trained policy, at another temperature than the training's where one is given.
    Trained(&'a Checkpoint, Option<f32>),
    /// By the reference that a policy was trained from, likewise.
    TrainedReference(&'a Checkpoint, Option<f32>),
    /// By the gains that its transition model predicts.
    Foresight(&'a Checkpoint),
}

/// What is remembered from one episode to the next.
#[derive(Debug)]
pub(super) struct Memory {
    /// Vectors of texts that are not the catalog's.
    pub(super) vectors: VectorCache,
    pub(super) table: ActionTable,
}

/// What performs the effects of one episode.
pub(super) struct Performer<'a> {
    pub(super) encoder: &'a Encoder,
    pub(super) catalog: &'a VectorCache,
    pub(super) simulator: &'a Simulator,
    /// Takes the simulator's place, where there is one.
    pub(super) speaker: Option<&'a Speaker>,
    /// Where the episode began.
    pub(super) anchor: &'a Item,
    /// Which text of the episode counts.
    pub(super) counts: Outcome,
    pub(super) agent: &'a Agent,
    pub(super) memory: &'a mut Memory,
    pub(super) chooser: Chooser<'a>,
    /// Which of the proposed actions may be chosen.
    pub(super) space: ActionSpace,
    /// What shortlists are picked with; without it by the sentence vectors of actions.
    pub(super) foresight: Option<&'a TransitionModel>,
    /// Index of the user.
    pub(super) user: usize,
    /// What a trained policy decided.
    pub(super) decisions: Vec<Decision>,
    /// Where set, the distributions of a computed policy are kept as targets for a trained one.
    pub(super) encoding: Option<&'a StateEncoding>,
    /// Those targets.
    pub(super) targets: Vec<Target>,
    /// Where every candidate led, as far as that was tried.
    pub(super) transitions: Vec<Transition>,
    /// What texts are worth to the user.
    pub(super) objective: Objective,
}

/// An action and where it led.
#[derive(Debug, Clone)]
pub(super) struct Transition {
    pub(super) from: Vec<f32>,
    pub(super) action: Action,
    pub(super) to: Vec<f32>,
}

impl Chooser<'_> {
    pub(super) fn needs_lookahead(self) -> bool {
        matches!(self, Chooser::Computed(policy) if policy.needs_lookahead())
    }
}

impl Memory {
    pub(super) fn new(fingerprint: &str) -> Self {
        Memory { vectors: VectorCache::new(fingerprint), table: ActionTable::new(DIMENSIONS) }
    }

    /// Forgets the texts when there are too many; actions are fewer, and a policy refers to them.
    pub(super) fn tidy(&mut self, fingerprint: &str) {
        if self.vectors.len() > MOST_REMEMBERED {
            self.vectors = VectorCache::new(fingerprint);
        }
    }
}

impl Performer<'_> {
    /// One effect: the language model or the simulator proposes, rewrites and decodes, the encoder encodes, the policy
    /// chooses, and a design over the sentence vectors of actions picks the shortlist.
    pub(super) async fn perform(&mut self, effect: &Effect, tick: &mut dyn Tick) -> Result<Reply> {
        match effect {
            Effect::Propose { .. } | Effect::Rewrite { .. } | Effect::Decode { .. } => self.speak(effect, tick).await,
            Effect::Place { anchor, items } => Ok(Reply::States(self.place(anchor, items, tick).await?)),
            Effect::Choose(choices) => Ok(self.choose(choices, tick).await?.map_or(Reply::Stop, Reply::Choice)),
            Effect::Shortlist { state, actions, count, .. } => {
                let candidates = self.numbered(actions, tick).await?;
                let rows = self.rows(&candidates)?;
                Ok(Reply::Shortlist(match self.foresight {
                    Some(model) => predicted_shortlist(model, &state.latent, &rows, *count)?,
                    None => shortlist(&rows, *count)?,
                }))
            }
            // A session has no reviewer, and its episodes ask for none.
            Effect::Review { .. } => Ok(Reply::Verdict(Verdict::allow())),
        }
    }

    /// An effect that is language.
    async fn speak(&self, effect: &Effect, tick: &mut dyn Tick) -> Result<Reply> {
        let Some(speaker) = self.speaker else {
            return Ok(match (effect, self.simulator.reply(effect)?) {
                (Effect::Propose { item, seed, .. }, Reply::Actions(actions)) => {
                    let actions = self.space.of(actions, *seed);
                    Reply::Actions(match self.counts {
                        Outcome::Best => self.simulator.suiting(self.anchor, item, actions),
                        // In the paper's order every edit may follow any other.
                        Outcome::Last => actions,
                    })
                }
                (_, reply) => reply,
            });
        };
        let kind = if matches!(effect, Effect::Propose { .. }) { "propose" } else { "rewrite" };
        let tell = async |Asked { done, total }| {
            tick.tell(Tell::Progress(Progress { kind, done, total, unit: "questions" })).await
        };
        speaker.reply(effect, self.anchor, self.space, tell).await
    }

    async fn place(&mut self, anchor: &Item, items: &[Item], tick: &mut dyn Tick) -> Result<Vec<State>> {
        let [told, _] = fields(anchor);
        let anchor = self.encode(&[told], tick).await?;
        let texts: Vec<String> = items.iter().flat_map(fields).collect();
        let vectors = self.encode(&texts, tick).await?;
        self.objective.states_beside(anchor.values(), items.to_vec(), &vectors)
    }

    async fn encode(&mut self, texts: &[String], tick: &mut dyn Tick) -> Result<Latents> {
        let unknown: Vec<String> = texts.iter().filter(|text| self.catalog.get(text).is_none()).cloned().collect();
        encode_missing(self.encoder, &mut self.memory.vectors, &unknown, "candidates", tick).await?;
        let known = |text: &String| self.catalog.get(text).or_else(|| self.memory.vectors.get(text));
        Ok(Latents::from_rows(DIMENSIONS, texts.iter().filter_map(known)))
    }

    /// One of the candidates, or none where the best text counts and none is predicted or found to gain.
    async fn choose(&mut self, choices: &Choices, tick: &mut dyn Tick) -> Result<Option<Choice>> {
        let (checkpoint, is_reference, temperature) = match self.chooser {
            Chooser::Computed(policy) => return self.choose_by(policy, choices, tick).await,
            Chooser::Trained(checkpoint, temperature) => (checkpoint, false, temperature),
            Chooser::TrainedReference(checkpoint, temperature) => (checkpoint, true, temperature),
            Chooser::Foresight(checkpoint) => {
                return self.choose_foreseen(&checkpoint.transitions, choices, tick).await;
            }
        };
        // The reference knows no transitions.
        let transitions = (!is_reference).then_some(&checkpoint.transitions);
        let observation = self.observe(&checkpoint.encoding, transitions, choices, tick).await?;
        let one = std::slice::from_ref(&observation);
        let learner = &checkpoint.learner;
        let parameters = if is_reference { learner.reference() } else { learner.parameters() };
        let temperature = temperature.unwrap_or(learner.settings().temperature).max(COLDEST);
        let evaluated = evaluate(parameters, temperature, one, &self.memory.table, self.encoder.device()).await?;
        let weights: Vec<f64> =
            evaluated.iter().flat_map(|e| &e.log_probabilities).map(|&value| f64::from(value).exp()).collect();
        let choice = draw(&weights, choices.seed, None);
        self.decisions.push(Decision { observation, chosen: choice.index });
        Ok(Some(choice))
    }

    async fn choose_by(
        &mut self,
        policy: ReferencePolicy,
        choices: &Choices,
        tick: &mut dyn Tick,
    ) -> Result<Option<Choice>> {
        if let Some(encoding) = self.encoding {
            let (weights, _) = policy.distribution(choices)?;
            let observation = self.observe(encoding, None, choices, tick).await?;
            let from = &choices.state.latent;
            let tried = choices.actions.iter().zip(&choices.outcomes);
            self.transitions.extend(tried.map(|(action, outcome)| Transition {
                from: from.clone(),
                action: action.clone(),
                to: outcome.latent.clone(),
            }));
            self.targets.push(Target { observation, weights: weights.iter().map(|&weight| weight as f32).collect() });
        }
        policy.choose_gain(choices)
    }

    async fn choose_foreseen(
        &mut self,
        model: &TransitionModel,
        choices: &Choices,
        tick: &mut dyn Tick,
    ) -> Result<Option<Choice>> {
        let candidates = self.numbered(&choices.actions, tick).await?;
        let gains = self.predicted_gains(model, &choices.state.latent, &candidates)?;
        let better = |best: usize, other: usize| if gains[other] > gains[best] { other } else { best };
        let index = (0..gains.len()).reduce(better).unwrap_or(0);
        let is_wanted = choices.outcome == Outcome::Last || gains.get(index).is_some_and(|gain| *gain > 0.0);
        Ok(is_wanted.then_some(Choice { index, log_probability: 0.0, design: None }))
    }

    /// The rows of actions in the table, to which new ones are added.
    pub(super) async fn numbered(&mut self, actions: &[Action], tick: &mut dyn Tick) -> Result<Vec<u32>> {
        let new: Vec<Action> =
            actions.iter().filter(|action| self.memory.table.number_of(action).is_none()).cloned().collect();
        let texts: Vec<String> = new.iter().map(|action| action.text.clone()).collect();
        let vectors = self.encode(&texts, tick).await?;
        for (action, vector) in new.iter().zip(vectors.rows()) {
            self.memory.table.insert(action, vector)?;
        }
        Ok(actions.iter().filter_map(|action| self.memory.table.number_of(action)).collect())
    }

    pub(super) fn rows(&self, candidates: &[u32]) -> Result<Latents> {
        let rows = candidates.iter().map(|&candidate| self.memory.table.row(candidate)).collect::<Result<Vec<_>>>()?;
        Ok(Latents::from_rows(self.memory.table.width(), rows))
    }

    /// The decision as the networks see it.
    async fn observe(
        &mut self,
        encoding: &StateEncoding,
        transitions: Option<&TransitionModel>,
        choices: &Choices,
        tick: &mut dyn Tick,
    ) -> Result<Observation> {
        let candidates = self.numbered(&choices.actions, tick).await?;
        let sentences = self.encode(&fields(&choices.state.item), tick).await?;
        let (_, user) = self.agent.alignment().user(self.user);
        let situation = Situation {
            sentences: sentences.values(),
            latent: &choices.state.latent,
            anchor: &choices.anchor,
            user,
            step: choices.step,
            horizon: choices.horizon,
        };
        let gains = match transitions.filter(|model| model.transitions() >= FEWEST_TRANSITIONS) {
            Some(model) => self.predicted_gains(model, &choices.state.latent, &candidates)?,
            None => Vec::new(),
        };
        Ok(Observation { state: encoding.encode(&situation)?, candidates, gains })
    }

    fn predicted_gains(&self, model: &TransitionModel, latent: &[f32], candidates: &[u32]) -> Result<Vec<f32>> {
        let actions = self.rows(candidates)?;
        let utility = &self.objective.utility;
        let now = utility.value(latent);
        let gain = |moved: &[f32]| {
            let there: Vec<f32> = latent.iter().zip(moved).map(|(from, by)| from + by).collect();
            utility.value(&there) - now
        };
        Ok(model.predict_all(latent, &actions)?.rows().map(gain).collect())
    }
}

/// Encodes the texts that `cache` lacks, shortest first, and puts them there round by round.
pub(super) async fn encode_missing(
    encoder: &Encoder,
    cache: &mut VectorCache,
    texts: &[String],
    kind: &'static str,
    tick: &mut dyn Tick,
) -> Result<()> {
    let mut missing: Vec<&String> = texts.iter().filter(|text| cache.get(text).is_none()).collect();
    crate::order::sort_by_key(&mut missing, |text| (text.len(), *text));
    missing.dedup();
    let (mut done, total) = (0, missing.len());
    for round in missing.chunks(TEXTS_PER_ROUND) {
        let report = async |of_round: usize, _: usize| {
            tick.tell(Tell::Progress(Progress { kind, done: done + of_round, total, unit: "texts" })).await
        };
        let encoded = encoder.encode(round, report).await?;
        for (text, vector) in round.iter().zip(encoded.vectors.rows()) {
            cache.insert(text, vector);
        }
        done += round.len();
    }
    Ok(())
}
