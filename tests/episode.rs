//! One seeded episode is the same everywhere: this test pins it natively, `pkg/test/native.test.mjs`
//! compares the wasm core with the same record.
//!
//! After a change that is meant to move results, run it with `AQUILINE_UPDATE=1` and say so.

mod support;

use aquiline::session::view::Tell;
use aquiline::session::{Dataset, Method, Session, SteerOptions};
use serde_json::{Value, json};

const RECORD: &str = "tests/fixtures/episode.json";

#[test]
fn a_seeded_episode_takes_the_recorded_actions_to_the_recorded_places() {
    let found = episode();
    if std::env::var_os("AQUILINE_UPDATE").is_some() {
        std::fs::write(RECORD, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
    }
    let recorded: Value = serde_json::from_slice(&std::fs::read(RECORD).unwrap()).unwrap();
    assert_eq!(found["options"], recorded["options"]);
    let (found, recorded) = (steps(&found), steps(&recorded));
    assert_eq!(found.len(), recorded.len());
    for (found, recorded) in found.iter().zip(&recorded) {
        assert_eq!(found["action"], recorded["action"]);
        let (found, recorded) = (numbers(&found["latent"]), numbers(&recorded["latent"]));
        let farthest = found.iter().zip(&recorded).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(farthest <= 1e-4, "{farthest}");
    }
}

fn episode() -> Value {
    let jsonl = std::fs::read("data/catalog.jsonl").unwrap();
    let mut session = Session::new(support::encoder(), Dataset::embedded(&jsonl, 0).unwrap(), 0);
    pollster::block_on(session.prepare(None, async |_: Tell| Ok(()))).unwrap();
    let user = session.agent().unwrap().ratings().users()[0].clone();
    let item = session.agent().unwrap().low_rated(&user, 0.6).unwrap().id.clone();
    let options = SteerOptions {
        user,
        item,
        policy: Method::Greedy,
        horizon: 3,
        candidates: 8,
        subset: 4,
        seed: 11,
        ..Default::default()
    };
    let (trajectory, _) = pollster::block_on(session.steer(&options, async |_: Tell| Ok(()))).unwrap();
    let steps = trajectory.steps.iter().map(|step| json!({ "action": step.action.text, "latent": step.state.latent }));
    json!({
        "options": {
            "user": options.user, "item": options.item, "policy": "greedy",
            "horizon": options.horizon, "candidates": options.candidates, "subset": options.subset, "seed": options.seed,
        },
        "steps": steps.collect::<Vec<_>>(),
    })
}

fn steps(episode: &Value) -> Vec<Value> {
    episode["steps"].as_array().unwrap().clone()
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}
