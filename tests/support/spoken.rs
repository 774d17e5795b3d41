//! Episodes of the toy world in which a language model proposes and rewrites.

use aquiline::action::ActionSpace;
use aquiline::agent::drive;
use aquiline::catalog::Item;
use aquiline::client::Speaker;
use aquiline::error::Result;
use aquiline::policy::ReferencePolicy;
use aquiline::profile::Profile;
use aquiline::prompt::{Domain, Form, Prompts};
use aquiline::rollout::{Effect, Rollout, RolloutSettings, Trajectory};

use crate::toy_world::answer;

pub fn kites() -> Item {
    Item {
        id: "kites".into(),
        title: "Kites".into(),
        year: Some(1999),
        genres: vec!["Drama".into(), "Comedy".into()],
        plot:
            "Two sisters build a kite that carries a house. Rain falls on the village for a year, and nobody believes \
               them. In the end the sun comes out, and the house flies."
                .into(),
        likes: vec!["two sisters".into(), "a house that flies".into()],
        dislikes: vec!["a year of rain".into()],
    }
}

pub fn prompts() -> Prompts {
    Prompts { domain: Domain::films(), form: Form::Lines }
}

/// One episode: the model speaks, words are counted, and chance chooses.
pub async fn episode(speaker: &Speaker, settings: RolloutSettings) -> Result<Trajectory> {
    let anchor = kites();
    let profile = Profile { likes: vec!["Comedy".into()], ..Profile::default() };
    let start = Rollout::start(anchor.clone(), profile, settings)?;
    let perform = async |effect: Effect| match &effect {
        Effect::Propose { .. } | Effect::Rewrite { .. } => {
            speaker.reply(&effect, &anchor, ActionSpace::All, async |_| Ok(())).await
        }
        _ => answer(&effect, ReferencePolicy::Uniform),
    };
    drive(start, perform, async |_| Ok(())).await
}
