//! Many questions to one model: places, time, budgets, patience, and what is left when somebody stops.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aquiline::action::{Action, ActionSpace, Category, Origin};
use aquiline::catalog::Item;
use aquiline::client::{Answered, Asked, Client, ClientSettings, Clock, Local, Model, Speaker};
use aquiline::error::{Error, LlmError, RolloutError};
use aquiline::llm::budget::{Budget, Price, Spent};
use aquiline::llm::retry::RetrySettings;
use aquiline::llm::{ChatReply, ChatRequest, Finish, Message, Usage};
use aquiline::profile::Profile;
use aquiline::prompt::{Domain, Form, Prompts};
use aquiline::rollout::{Effect, Reply, Rewrite, RolloutSettings};
use futures_util::future::{join_all, select};
use tokio::time::Instant;

const LATENCY: Duration = Duration::from_millis(200);

/// A clock that jumps to the next moment at which something happens.
#[derive(Debug)]
struct VirtualClock(Instant);

impl Clock for VirtualClock {
    fn now(&self) -> f64 {
        self.0.elapsed().as_secs_f64() * 1_000.0
    }

    fn sleep(&self, milliseconds: f64) -> Local<'_, ()> {
        Box::pin(tokio::time::sleep(Duration::from_secs_f64(milliseconds.max(0.0) / 1_000.0)))
    }
}

type Script = Arc<dyn Fn(usize, &ChatRequest) -> Answered + Send + Sync>;

/// Answers after [`LATENCY`] what a script says, having said its first word after half of that.
#[derive(Clone)]
struct Scripted {
    script: Script,
    asked: Arc<AtomicUsize>,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    limits: Arc<Mutex<Vec<u32>>>,
}

struct Present(Arc<AtomicUsize>);

impl Drop for Present {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Scripted")
    }
}

impl Model for Scripted {
    fn chat<'a>(&'a self, request: &'a ChatRequest, max_tokens: u32, said: &'a mut String) -> Local<'a, Answered> {
        Box::pin(async move {
            self.limits.lock().unwrap().push(max_tokens);
            let number = self.asked.fetch_add(1, SeqCst);
            let now = 1 + self.now.fetch_add(1, SeqCst);
            let _present = Present(self.now.clone());
            self.most.fetch_max(now, SeqCst);
            tokio::time::sleep(LATENCY / 2).await;
            let answered = (self.script)(number, request);
            if let Ok(reply) = &answered {
                said.push_str(reply.text.split(' ').next().unwrap_or_default());
            }
            tokio::time::sleep(LATENCY / 2).await;
            answered
        })
    }
}

fn scripted(script: impl Fn(usize, &ChatRequest) -> Answered + Send + Sync + 'static) -> Scripted {
    let zero = || Arc::new(AtomicUsize::new(0));
    Scripted { script: Arc::new(script), asked: zero(), now: zero(), most: zero(), limits: Arc::default() }
}

fn says(text: &str) -> Answered {
    let usage = Some(Usage { prompt_tokens: 10, completion_tokens: 5 });
    Ok(ChatReply { text: text.into(), finish: Finish::Stop, usage })
}

fn busy() -> LlmError {
    LlmError::Server { status: 503, why: "busy".into() }
}

fn question(word: &str) -> ChatRequest {
    ChatRequest { messages: vec![Message::user(word)], temperature: None, seed: Some(1), max_tokens: 50, schema: None }
}

fn client(model: &Scripted, settings: ClientSettings) -> Client {
    Client::new("scripted", model.clone(), VirtualClock(Instant::now()), settings).unwrap()
}

fn virtually<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(future)
}

#[test]
fn as_many_questions_are_under_way_as_there_are_places() {
    virtually(async {
        let model = scripted(|_, _| says("Box kite."));
        let client = client(&model, ClientSettings { concurrency: 5, ..Default::default() });
        let began = Instant::now();
        let answers = join_all((0..20).map(|n| client.ask(question(&n.to_string())))).await;
        assert!(answers.iter().all(Result::is_ok));
        assert_eq!((model.most.load(SeqCst), began.elapsed()), (5, 4 * LATENCY));
        assert_eq!((client.spent().calls, client.spent().tokens), (20, 300));
    });
}

#[test]
fn a_failure_that_may_pass_is_waited_out_and_charged_once() {
    virtually(async {
        let model = scripted(|number, _| if number < 2 { Err(busy()) } else { says("Box kite.") });
        let client = client(&model, ClientSettings::default());
        let began = Instant::now();
        assert_eq!(client.ask(question("kite")).await, says("Box kite."));
        assert!(began.elapsed() >= 3 * LATENCY + Duration::from_millis(750), "{:?}", began.elapsed());
        let log = client.take_log();
        assert_eq!((client.spent().calls, log.len(), log[0].attempts), (1, 1, 3));
        assert!(client.take_log().is_empty(), "a log is taken once");
    });
}

#[test]
fn a_call_is_told_the_moment_it_is_charged_before_whoever_asked_has_its_answer() {
    virtually(async {
        let model = scripted(
            |number, _| if number == 1 { Err(LlmError::NotFound { why: "gone".into() }) } else { says("Kite.") },
        );
        let client = client(&model, ClientSettings { remembers: true, ..Default::default() });
        let told: Arc<Mutex<Vec<(u32, bool)>>> = Arc::default();
        let hears = Arc::clone(&told);
        client.on_call(move |call| hears.lock().unwrap().push((call.attempts, call.reply.is_some())));
        client.ask(question("kite")).await.unwrap();
        assert_eq!(*told.lock().unwrap(), [(1, true)]);
        client.ask(question("box")).await.unwrap_err();
        client.ask(question("kite")).await.unwrap();
        assert_eq!(*told.lock().unwrap(), [(1, true), (1, false), (0, true)], "failures and known answers, too");
        let asking = Box::pin(client.ask(question("moon")));
        drop(select(asking, Box::pin(tokio::time::sleep(LATENCY * 3 / 4))).await);
        assert_eq!(told.lock().unwrap().last(), Some(&(1, false)), "also what nobody waits for any more");
        assert_eq!(client.take_log().len(), 4);
    });
}

#[test]
fn a_model_that_is_too_slow_is_left() {
    virtually(async {
        let model = scripted(|_, _| says("Box kite."));
        let retry = RetrySettings { attempts: 2, ..Default::default() };
        let client = client(&model, ClientSettings { timeout: 50.0, retry, ..Default::default() });
        assert_eq!(client.ask(question("kite")).await, Err(LlmError::TimedOut { seconds: 0.05 }));
        assert_eq!((model.asked.load(SeqCst), model.now.load(SeqCst), client.spent().calls), (2, 0, 0));
    });
}

#[test]
fn what_was_said_before_the_time_ran_out_is_charged_and_not_asked_for_again() {
    virtually(async {
        let model = scripted(|_, _| says("Box kite."));
        let client = client(&model, ClientSettings { timeout: 150.0, ..Default::default() });
        assert!(matches!(client.ask(question("kite")).await, Err(LlmError::TimedOut { .. })));
        assert_eq!((model.asked.load(SeqCst), client.spent().calls), (1, 1));
    });
}

#[test]
fn the_budget_of_time_ends_a_question_that_is_under_way() {
    virtually(async {
        let model = scripted(|_, _| says("Box kite."));
        let budget = Budget { time: Some(300.0), ..Default::default() };
        let client = client(&model, ClientSettings { budget, ..Default::default() });
        let began = Instant::now();
        client.ask(question("kite")).await.unwrap();
        assert_eq!(client.ask(question("box")).await, Err(LlmError::Budget { limit: "time" }));
        assert_eq!((began.elapsed(), model.now.load(SeqCst)), (Duration::from_millis(300), 0));
        assert_eq!(client.ask(question("more")).await, Err(LlmError::Budget { limit: "time" }));
    });
}

#[test]
fn questions_wait_for_what_others_set_aside_and_none_exceeds_the_budget() {
    virtually(async {
        let model = scripted(|_, _| says("Box kite."));
        // Each may cost 70 tokens and costs 15.
        let budget = Budget { tokens: Some(150), ..Default::default() };
        let client = client(&model, ClientSettings { budget, concurrency: 8, ..Default::default() });
        let answers = join_all((0..12).map(|n| client.ask(question(&format!("{n:>4}"))))).await;
        let answered = answers.iter().filter(|answer| answer.is_ok()).count();
        assert!((7..=9).contains(&answered), "{answered}");
        let refused = |answer: &Answered| matches!(answer, Ok(_) | Err(LlmError::Budget { limit: "tokens" }));
        assert!(answers.iter().all(refused), "{answers:?}");
        assert_eq!(client.spent().tokens, 15 * answered as u64);
        assert!(
            model.limits.lock().unwrap().iter().any(|limit| *limit < 50),
            "the last answers are given what is left"
        );
    });
}

#[test]
fn equal_questions_can_be_asked_once() {
    virtually(async {
        let model = scripted(|_, _| says("Box kite."));
        let client = client(&model, ClientSettings { remembers: true, ..Default::default() });
        for _ in 0..3 {
            assert_eq!(client.ask(question("kite")).await, says("Box kite."));
        }
        assert_eq!((model.asked.load(SeqCst), client.spent().calls, client.take_log().len()), (1, 1, 3));
    });
}

#[test]
fn whoever_turns_away_leaves_nothing_running_and_pays_for_what_came() {
    virtually(async {
        let model = scripted(|_, _| says("Box kite."));
        let budget = Budget { calls: Some(2), ..Default::default() };
        let client = client(&model, ClientSettings { budget, ..Default::default() });
        for (patience, calls) in [(50, 0), (150, 1)] {
            let asking = Box::pin(client.ask(question("kite")));
            select(asking, Box::pin(tokio::time::sleep(Duration::from_millis(patience)))).await;
            assert_eq!((model.now.load(SeqCst), client.spent().calls), (0, calls), "after {patience} ms");
        }
        assert_eq!(client.take_log().last().unwrap().error.as_deref(), Some("cancelled"));
        client.ask(question("kite")).await.unwrap();
    });
}

#[test]
fn settings_that_ask_for_nothing_are_refused() {
    for settings in [
        ClientSettings { concurrency: 0, ..Default::default() },
        ClientSettings { timeout: 0.0, ..Default::default() },
        ClientSettings { timeout: f64::NAN, ..Default::default() },
        ClientSettings { budget: Budget { money: Some(1.0), ..Default::default() }, ..Default::default() },
    ] {
        virtually(async {
            let model = scripted(|_, _| says(""));
            let error = Client::new("m", model, VirtualClock(Instant::now()), settings).unwrap_err();
            assert!(error.is_bad_input(), "{error}");
        });
    }
}

// The environment of an episode.

const REWRITTEN: &str = "PLOT: Two sisters build a kite that carries a house.\nLIKES:\n- warm\n- odd\n- kind\nDISLIKES:\n- \
                         slow\n- long\n- twee\nEND";

fn kites() -> Item {
    Item {
        id: "kites".into(),
        title: "Kites".into(),
        year: Some(1999),
        genres: vec!["Drama".into()],
        plot: "Two sisters build a kite.".into(),
        likes: Vec::new(),
        dislikes: Vec::new(),
    }
}

fn rewrites(count: u64) -> Effect {
    let action = |n| Action { text: format!("Edit {n}."), category: Category::Plot, origin: Origin::Generic };
    Effect::Rewrite { item: kites(), actions: (0..count).map(action).collect(), seeds: (0..count).collect() }
}

fn speaker(model: &Scripted, concurrency: usize) -> Speaker {
    let client = client(model, ClientSettings { concurrency, ..Default::default() });
    Speaker::new(client, Prompts { domain: Domain::films(), form: Form::Lines })
}

#[test]
fn the_questions_of_an_effect_are_asked_side_by_side_and_answered_in_order() {
    virtually(async {
        let model = scripted(|number, _| says(&REWRITTEN.replace("house", &format!("house {number}"))));
        let (began, told) = (Instant::now(), RefCell::new(Vec::new()));
        let tell = async |Asked { done, total }| {
            told.borrow_mut().push((done, total));
            Ok(())
        };
        let reply = speaker(&model, 4).reply(&rewrites(4), &kites(), ActionSpace::All, tell).await.unwrap();
        let Reply::Items(items) = reply else { panic!("{reply:?}") };
        assert_eq!((items.len(), began.elapsed()), (4, LATENCY));
        assert!(items.iter().enumerate().all(|(n, item)| item.plot.ends_with(&format!("house {n}."))), "{items:?}");
        assert_eq!(told.into_inner(), [(1, 4), (2, 4), (3, 4), (4, 4)]);
    });
}

#[test]
fn an_episode_is_estimated_before_anything_is_asked() {
    virtually(async {
        let model = scripted(|_, _| says(REWRITTEN));
        let price = Price { prompt: 1.0, completion: 4.0 };
        let client = client(&model, ClientSettings { price, ..Default::default() });
        let speaker = Speaker::new(client, Prompts { domain: Domain::films(), form: Form::Lines });
        let settings = RolloutSettings { horizon: 5, candidates: 6, lookahead: false, ..Default::default() };
        let Spent { calls, tokens, money } =
            speaker.estimate(&kites(), &Profile::default(), ActionSpace::All, &settings);
        assert_eq!((calls, model.asked.load(SeqCst)), (5 * (3 + 1), 0));
        assert!((5_000..50_000).contains(&tokens) && money > tokens as f64 / 1e6, "{tokens} {money}");
        let ahead = speaker.estimate(
            &kites(),
            &Profile::default(),
            ActionSpace::All,
            &RolloutSettings { lookahead: true, ..settings },
        );
        assert_eq!(ahead.calls, 5 * (3 + 6));
    });
}

#[test]
fn an_answer_of_no_use_is_asked_for_once_more() {
    virtually(async {
        let model = scripted(|number, _| says(if number == 0 { "No idea." } else { REWRITTEN }));
        let reply = speaker(&model, 1).reply(&rewrites(1), &kites(), ActionSpace::All, async |_| Ok(())).await.unwrap();
        assert!(matches!(&reply, Reply::Items(items) if items[0].plot.contains("house")), "{reply:?}");
        let hopeless = scripted(|_, _| says("No idea."));
        let reply =
            speaker(&hopeless, 1).reply(&rewrites(1), &kites(), ActionSpace::All, async |_| Ok(())).await.unwrap();
        let Reply::Rewrites(rewrites) = reply else { panic!("an edit that is not made is no item") };
        assert!(matches!(rewrites.as_slice(), [Rewrite::Failed(_)]), "{rewrites:?}");
        assert_eq!(hopeless.asked.load(SeqCst), 2);
    });
}

#[test]
fn one_error_that_ends_an_effect_ends_its_other_questions() {
    virtually(async {
        let refused = LlmError::Unauthorized { status: 401, why: "no".into() };
        let error = refused.clone();
        let model = scripted(move |_, _| Err(refused.clone()));
        let failed =
            speaker(&model, 2).reply(&rewrites(10), &kites(), ActionSpace::All, async |_| Ok(())).await.unwrap_err();
        assert_eq!((failed, model.now.load(SeqCst)), (Error::Llm(error), 0));
        assert!(model.asked.load(SeqCst) <= 4, "{}", model.asked.load(SeqCst));
    });
}

#[test]
fn a_proposer_of_whom_one_question_fails_is_heard_for_the_others() {
    virtually(async {
        let model = scripted(|number, _| match number {
            0 => Err(LlmError::Refused { why: "no".into() }),
            _ => says("Plot:\n1. Let the kite carry a house over the sea to another country.\nEND"),
        });
        let effect = Effect::Propose { item: kites(), profile: Profile::default(), count: 4, seed: 0 };
        let reply = speaker(&model, 4).reply(&effect, &kites(), ActionSpace::All, async |_| Ok(())).await.unwrap();
        assert!(matches!(&reply, Reply::Actions(actions) if !actions.is_empty()), "{reply:?}");
    });
}

#[test]
fn stopping_ends_an_effect_at_once() {
    virtually(async {
        let model = scripted(|_, _| says(REWRITTEN));
        let speaker = speaker(&model, 2);
        let (effect, anchor) = (rewrites(10), kites());
        let stop = async {
            tokio::time::sleep(LATENCY + LATENCY / 4).await;
            speaker.client().stop();
            Instant::now()
        };
        let (reply, stopped) = tokio::join!(speaker.reply(&effect, &anchor, ActionSpace::All, async |_| Ok(())), stop);
        assert_eq!(reply.unwrap_err(), RolloutError::Cancelled.into());
        assert_eq!((model.now.load(SeqCst), stopped.elapsed()), (0, Duration::ZERO));
        assert_eq!(speaker.client().spent().calls, 2, "those that were answered before");
    });
}

#[test]
fn a_listener_who_fails_ends_an_effect() {
    virtually(async {
        let model = scripted(|_, _| says(REWRITTEN));
        let cancel = async |_| Err(RolloutError::Cancelled.into());
        let reply = speaker(&model, 2).reply(&rewrites(6), &kites(), ActionSpace::All, cancel).await;
        assert_eq!((reply.unwrap_err().code(), model.now.load(SeqCst)), ("cancelled", 0));
    });
}
