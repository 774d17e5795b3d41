//! The pretended language model of the tests: it answers every question of ours, and misbehaves as told.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use aquiline::action::{Action, Category, Origin};
use aquiline::answer::{actions, ballot, item, profile};
use aquiline::catalog::Item;
use aquiline::error::LlmError;
use aquiline::llm::openai::{Endpoint, Incoming, LimitName, decode};
use aquiline::llm::{ChatReply, ChatRequest, Finish, Message};
use aquiline::profile::{Passage, Profile};
use aquiline::prompt::{Domain, Form, Prompts, Rated, Task};

#[path = "support/llm_server.rs"]
mod llm_server;

use llm_server::{Misdeed, Seen, Server, Settings};

/// How long the client waits for the next bytes.
const PATIENCE: Duration = Duration::from_millis(1_000);

type Answered = Result<ChatReply, LlmError>;

fn kites() -> Item {
    Item {
        id: "kites".into(),
        title: "Kite Season".into(),
        year: Some(1994),
        genres: vec!["Drama".into(), "Family".into()],
        plot: "Two sisters build kites on a roof in Recife. A storm is coming, and nobody believes them.".into(),
        likes: vec!["the sisters".into(), "the roof at dusk".into()],
        dislikes: vec!["it is slow".into()],
    }
}

fn lodger() -> Item {
    let plot = "A lodger counts the boats every night and tells nobody why. The harbour master is afraid of him.";
    Item {
        id: "lodger".into(),
        title: "The Lodger".into(),
        plot: plot.into(),
        likes: vec!["the fog".into()],
        ..kites()
    }
}

fn viewer() -> Profile {
    Profile { likes: vec!["Mystery".into()], words: vec!["storm".into(), "night".into()], ..Profile::default() }
}

fn described() -> Profile {
    let text = "Likes secrets, storms and old houses; \"slow\" is no fault.".into();
    Profile { written: vec![Passage { heading: "Overall".into(), text }], ..Profile::default() }
}

fn action(text: &str) -> Action {
    Action { text: text.into(), category: Category::Plot, origin: Origin::Generic }
}

fn every_prompts() -> Vec<Prompts> {
    let domains = [Domain::films(), Domain::products(), Domain::items()];
    let forms = [Form::Lines, Form::Json];
    domains.iter().flat_map(|domain| forms.map(|form| Prompts { domain: domain.clone(), form })).collect()
}

fn lines() -> Prompts {
    Prompts { domain: Domain::films(), form: Form::Lines }
}

/// A question with a seed.
fn seeded(request: ChatRequest) -> ChatRequest {
    ChatRequest { seed: Some(7), temperature: Some(0.5), ..request }
}

fn question() -> ChatRequest {
    seeded(lines().rewrite(&kites(), &kites(), &[], &action("Add a talkative lodger.")))
}

fn endpoint(server: &Server, streaming: bool) -> Endpoint {
    Endpoint { streaming, ..Endpoint::new(&server.base_url(), "simulator").unwrap() }
}

fn ask(server: &Server, streaming: bool, request: &ChatRequest) -> Answered {
    let body = endpoint(server, streaming).encode(request, request.max_tokens);
    exchange(server, &post(&body, None))
}

fn said(server: &Server, request: &ChatRequest) -> String {
    ask(server, true, request).unwrap().text
}

fn post(body: &str, key: Option<&str>) -> String {
    let key = key.map(|key| format!("Authorization: Bearer {key}\r\n")).unwrap_or_default();
    let length = body.len();
    format!("POST /v1/chat/completions HTTP/1.1\r\nHost: here\r\n{key}Content-Length: {length}\r\n\r\n{body}")
}

fn send(server: &Server, request: &str) -> TcpStream {
    let mut socket = TcpStream::connect(server.address()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    socket
}

/// One answer, read as far as it is wanted.
fn exchange(server: &Server, request: &str) -> Answered {
    let mut reader = BufReader::new(send(server, request));
    let head = read_head(&mut reader)?;
    let header = |name: &str| head.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let mut incoming = Incoming::new(head.status, header("retry-after").map(str::to_owned));
    let is_chunked = header("transfer-encoding") == Some("chunked");
    let mut left = header("content-length").map_or(0, |length| length.parse().unwrap());
    while !incoming.is_done() {
        let size = if is_chunked { read_size(&mut reader)? } else { left };
        if size == 0 {
            break;
        }
        let mut bytes = vec![0; size];
        reader.read_exact(&mut bytes).map_err(|error| broken(&error))?;
        incoming.push(&bytes)?;
        left = 0;
        if is_chunked {
            read_line(&mut reader)?;
        }
    }
    incoming.finish()
}

#[derive(Debug)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

fn read_head(reader: &mut impl BufRead) -> Result<Head, LlmError> {
    let unreachable = |error: LlmError| match error {
        LlmError::Interrupted { why } => LlmError::Unreachable { why },
        other => other,
    };
    let first = read_line(reader).map_err(unreachable)?;
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{first:?}"));
    let mut headers = Vec::new();
    loop {
        let line = read_line(reader).map_err(unreachable)?;
        let Some((name, value)) = line.split_once(": ") else { return Ok(Head { status, headers }) };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
}

fn read_size(reader: &mut impl BufRead) -> Result<usize, LlmError> {
    let line = read_line(reader)?;
    Ok(usize::from_str_radix(&line, 16).unwrap_or_else(|_| panic!("{line:?} is no size")))
}

/// A line that has its end.
fn read_line(reader: &mut impl BufRead) -> Result<String, LlmError> {
    let mut line = String::new();
    reader.read_line(&mut line).map_err(|error| broken(&error))?;
    let cut = || LlmError::Interrupted { why: "the connection ended within a line".into() };
    line.strip_suffix("\r\n").map(str::to_owned).ok_or_else(cut)
}

fn broken(error: &std::io::Error) -> LlmError {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => LlmError::TimedOut { seconds: PATIENCE.as_secs_f32() },
        _ => LlmError::Interrupted { why: error.to_string() },
    }
}

/// The first request once it is over.
fn ended(server: &Server) -> Seen {
    all_ended(server).swap_remove(0)
}

/// All requests once they are over: a client has its answer a moment before the server has written that down.
fn all_ended(server: &Server) -> Vec<Seen> {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        let seen = server.seen();
        if !seen.is_empty() && seen.iter().all(|seen| seen.ended.is_some()) {
            return seen;
        }
        assert!(Instant::now() < until, "a request does not end");
        thread::sleep(Duration::from_millis(2));
    }
}

fn with(misdeed: Misdeed) -> Server {
    Server::start(Settings { misdeed: Some(misdeed), ..Settings::default() })
}

/// The answer of a server that always does this, streamed and not.
fn both(misdeed: Misdeed) -> [Answered; 2] {
    [true, false].map(|streaming| ask(&with(misdeed), streaming, &question()))
}

fn good() -> ChatReply {
    ask(&Server::start(Settings::default()), true, &question()).unwrap()
}

#[test]
fn proposals_are_as_many_as_asked_for_and_under_their_categories() {
    let server = Server::start(Settings::default());
    for prompts in every_prompts() {
        let asked = [
            (prompts.actions(&kites(), 1), 1),
            (prompts.actions(&kites(), 50), 50),
            (prompts.personalised_actions(&kites(), &viewer(), 24), 24),
            (prompts.personalised_actions(&kites(), &described(), 50), 50),
            (prompts.edit(&kites(), &described()), 1),
            (prompts.macro_actions(&kites(), &viewer(), 5), 5),
        ];
        for (request, wanted) in asked {
            let text = said(&server, &seeded(request));
            let (read, complaints) = actions(&text, &prompts.domain, wanted, Origin::Generic);
            assert_eq!((read.len(), complaints), (wanted, Vec::new()), "{text}");
            let categories = Category::ALL.iter().filter(|one| read.iter().any(|read| read.category == **one)).count();
            assert!(categories >= wanted.min(3), "{text}");
        }
    }
    let tasks: Vec<Option<Task>> = server.seen().iter().take(6).map(|seen| seen.task).collect();
    use Task::{Actions, Edit, MacroActions, PersonalisedActions};
    let expected = [Actions, Actions, PersonalisedActions, PersonalisedActions, Edit, MacroActions];
    assert_eq!(tasks, expected.map(Some));
}

#[test]
fn rewrites_descriptions_and_decodings_are_items() {
    let server = Server::start(Settings::default());
    for prompts in every_prompts() {
        let two = Action::at_once(&[action("Add a talkative lodger."), action("Set it in a lighthouse in winter.")]);
        let asked = [
            prompts.rewrite(&kites(), &kites(), &[], &action("Add a ghost that only the younger sister can see.")),
            prompts.rewrite(&lodger(), &kites(), &["nobody dies".into()], &two),
            prompts.describe("The Quiet \"Harbour\": Part 2", Some(1987)),
            prompts.describe("Untitled", None),
            prompts.decode(&kites(), &[lodger(), kites()], &[0.7, 0.3]),
        ];
        for request in asked {
            let text = said(&server, &seeded(request));
            let (read, complaints) = item(&text, &prompts.domain, &kites());
            assert_eq!(complaints, [], "{text}");
            let read = read.unwrap();
            assert!(read.plot.split_whitespace().count() >= 20, "{text}");
            assert!(!read.likes.is_empty() && !read.dislikes.is_empty() && !read.plot.contains("LIKES"), "{text}");
        }
    }
}

#[test]
fn profiles_have_every_section_and_ballots_every_answer() {
    let server = Server::start(Settings::default());
    for prompts in every_prompts() {
        let (kites, lodger) = (kites(), lodger());
        let rated = [Rated { item: &kites, liking: 1.5 }, Rated { item: &lodger, liking: -1.0 }];
        let text = said(&server, &seeded(prompts.profile(&rated)));
        let (sections, complaints) = profile(&text, &prompts.domain, &["Kite Season", "The Lodger"]);
        assert!(complaints.is_empty() && sections.iter().all(|section| section.len() > 20), "{text}");
        let text = said(&server, &seeded(prompts.judge(&viewer(), &kites, &lodger)));
        let (votes, complaints) = ballot(&text, &prompts.domain);
        assert!(complaints.is_empty() && votes.iter().all(Option::is_some), "{text}");
    }
}

#[test]
fn a_judge_changes_sides_when_the_items_do() {
    let server = Server::start(Settings::default());
    let judged =
        |a: &Item, b: &Item| ballot(&said(&server, &seeded(lines().judge(&viewer(), a, b))), &lines().domain).0;
    let (one, other) = (judged(&kites(), &lodger()), judged(&lodger(), &kites()));
    assert_eq!(one[0].map(|side| 1 - side), other[0]);
    assert_eq!((one[2], one[3], one[4]), (other[3], other[2], other[4]));
}

#[test]
fn a_complaint_about_an_answer_is_answered_like_the_question() {
    let server = Server::start(Settings::default());
    let question = question();
    assert_eq!(said(&server, &question.repaired("I like turtles.", "That answer cannot be used.")), good().text);
}

#[test]
fn equal_requests_get_equal_answers_and_other_seeds_others() {
    let server = Server::start(Settings::default());
    let propose = |seed| said(&server, &ChatRequest { seed, ..lines().actions(&kites(), 10) });
    assert_eq!(propose(Some(1)), propose(Some(1)));
    assert_ne!(propose(Some(1)), propose(Some(2)));
    assert_eq!(propose(None), propose(None));
}

#[test]
fn a_stream_says_what_a_plain_answer_says() {
    let server = Server::start(Settings { piece: 3, ..Settings::default() });
    let (streamed, plain) = (ask(&server, true, &question()).unwrap(), ask(&server, false, &question()).unwrap());
    assert_eq!(streamed, plain);
    assert_eq!(streamed.finish, Finish::Stop);
    assert_eq!(all_ended(&server).iter().map(|seen| seen.usage).collect::<Vec<_>>(), [streamed.usage; 2]);
}

#[test]
fn answers_end_at_the_limit_under_either_name() {
    let server = Server::start(Settings::default());
    for limit in [LimitName::MaxTokens, LimitName::MaxCompletionTokens] {
        let body = Endpoint { limit, ..endpoint(&server, true) }.encode(&question(), 40);
        let reply = exchange(&server, &post(&body, None)).unwrap();
        assert_eq!((reply.finish, reply.usage.unwrap().completion_tokens), (Finish::Length, 40));
        assert_eq!(reply.text.split_whitespace().count(), 30);
    }
}

#[test]
fn what_is_none_of_our_questions_gets_a_sentence() {
    let request = ChatRequest { messages: vec![Message::user("Hi")], ..question() };
    let server = Server::start(Settings::default());
    assert!(!ask(&server, false, &request).unwrap().text.is_empty());
    assert_eq!(server.seen()[0].task, None);
}

#[test]
fn a_wrong_key_and_a_wrong_model_are_refused() {
    let server = Server::start(Settings { key: Some("right".into()), ..Settings::default() });
    let body = endpoint(&server, true).encode(&question(), 900);
    for key in [None, Some("wrong"), Some("right ish")] {
        let refused = exchange(&server, &post(&body, key));
        assert!(matches!(refused, Err(LlmError::Unauthorized { status: 401, .. })), "{refused:?}");
    }
    assert!(exchange(&server, &post(&body, Some("right"))).is_ok());
    let unknown = exchange(&server, &post(&body.replace("simulator", "gpt-5"), Some("right")));
    assert!(matches!(&unknown, Err(LlmError::NotFound { why }) if why.contains("gpt-5")), "{unknown:?}");
    let seen: Vec<bool> = server.seen().iter().map(|seen| seen.authorized).collect();
    assert_eq!(seen, [false, false, false, true, true]);
    assert!(server.seen()[3].headers.contains(&"authorization".into()));
}

#[test]
fn other_addresses_methods_and_bodies_get_their_status() {
    let server = Server::start(Settings::default());
    let status = |request: &str| read_head(&mut BufReader::new(send(&server, request))).unwrap().status;
    assert_eq!(status("GET /v1/models HTTP/1.1\r\n\r\n"), 200);
    assert_eq!(status("GET /v1/chat/completions HTTP/1.1\r\n\r\n"), 405);
    assert_eq!(status("POST /v1/chat HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"), 404);
    assert_eq!(status(&post("{\"messages\": 5}", None)), 400);
    assert_eq!(status(&post("no JSON", None)), 400);
    assert_eq!(status("POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"), 413);
    assert_eq!(status("POST /v1/chat/completions HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), 400);
    assert_eq!(status("POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), 411);
    assert_eq!(status("rubbish\r\n\r\n"), 400);
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(100_000))), 431);
}

#[test]
fn pages_of_other_origins_may_ask_unless_told_otherwise() {
    let preflight = "OPTIONS /v1/chat/completions HTTP/1.1\r\nAccess-Control-Request-Headers: authorization\r\n\r\n";
    let allowed = |cors: bool, request: &str| {
        let server = Server::start(Settings { cors, key: Some("k".into()), ..Settings::default() });
        let head = read_head(&mut BufReader::new(send(&server, request))).unwrap();
        let names = head.headers.iter().map(|(name, _)| name.as_str());
        (head.status, names.filter(|name| name.starts_with("access-control-allow-")).count())
    };
    assert_eq!(allowed(true, preflight), (204, 4));
    assert_eq!(allowed(false, preflight), (405, 0));
    assert_eq!(allowed(true, &post("{}", None)), (401, 1), "also on failures");
    assert_eq!(allowed(false, &post("{}", Some("k"))), (400, 0));
}

#[test]
fn a_client_that_goes_early_is_noticed_whatever_the_server_is_at() {
    let waits = Settings { latency: Duration::from_secs(60), ..Settings::default() };
    let pauses = Settings { pause: Duration::from_secs(60), ..Settings::default() };
    let misdeed = |misdeed| Settings { misdeed: Some(misdeed), ..Settings::default() };
    for settings in [waits, pauses, misdeed(Misdeed::Silence), misdeed(Misdeed::Endless), misdeed(Misdeed::Slow)] {
        let server = Server::start(settings.clone());
        let body = endpoint(&server, true).encode(&question(), 900);
        let socket = send(&server, &post(&body, None));
        thread::sleep(Duration::from_millis(60));
        assert!(server.seen()[0].ended.is_none(), "{settings:?}");
        let gone = Instant::now();
        drop(socket);
        let noticed = ended(&server).closed_early.expect("it went early") - gone;
        assert!(noticed < Duration::from_millis(100), "{noticed:?} with {settings:?}");
    }
}

#[test]
fn a_client_that_stays_is_not_taken_to_be_gone() {
    let server = Server::start(Settings { latency: Duration::from_millis(80), ..Settings::default() });
    let began = Instant::now();
    assert!(ask(&server, true, &question()).is_ok());
    assert!(began.elapsed() >= Duration::from_millis(80));
    assert_eq!(ended(&server).closed_early, None);
}

#[test]
fn a_server_that_is_dropped_lets_go_of_who_waits() {
    let server = with(Misdeed::Silence);
    let mut socket = send(&server, &post(&endpoint(&server, true).encode(&question(), 900), None));
    thread::sleep(Duration::from_millis(30));
    let began = Instant::now();
    drop(server);
    assert!(began.elapsed() < Duration::from_millis(500));
    assert_eq!(socket.read(&mut [0; 16]).unwrap(), 0);
}

#[test]
fn many_clients_are_answered_side_by_side() {
    let server = Server::start(Settings { latency: Duration::from_millis(200), ..Settings::default() });
    let began = Instant::now();
    thread::scope(|scope| {
        (0..16).for_each(|_| drop(scope.spawn(|| ask(&server, true, &question()).unwrap())));
    });
    assert!(began.elapsed() < Duration::from_millis(1_600));
    assert_eq!(server.seen().len(), 16);
}

#[test]
fn every_misdeed_ends_in_an_answer_or_a_typed_error() {
    for misdeed in Misdeed::ALL {
        let takes_its_time = matches!(misdeed, Misdeed::Silence | Misdeed::Endless | Misdeed::Slow);
        for seed in 0..if takes_its_time { 1 } else { 3 } {
            let server = Server::start(Settings { seed, misdeed: Some(misdeed), ..Settings::default() });
            let answered = ask(&server, seed % 2 == 0, &question());
            assert_eq!(server.seen()[0].misdeed, Some(misdeed));
            let said = answered.as_ref().ok().and_then(|reply| reply.usage);
            assert_eq!(ended(&server).usage.filter(|_| said.is_some()), said, "{misdeed:?}");
            let code = answered.map_err(|error| aquiline::Error::from(error).code());
            assert!(
                code.as_ref().is_ok_and(|reply| reply.text.len() < 5_000) || code.is_err(),
                "{misdeed:?}: {code:?}"
            );
        }
    }
}

#[test]
fn servers_that_fail_say_so_by_their_status() {
    let [.., asked] = [0, 1, 2].map(|seed| {
        let server = Server::start(Settings { seed, misdeed: Some(Misdeed::TooMany), ..Settings::default() });
        ask(&server, true, &question())
    });
    assert!(matches!(asked, Err(LlmError::RateLimited { retry_after: Some(0.0 | 1.0), .. })), "{asked:?}");
    for answered in both(Misdeed::TooManyBare) {
        assert!(matches!(answered, Err(LlmError::RateLimited { retry_after: None, .. })), "{answered:?}");
    }
    for answered in both(Misdeed::ServerError) {
        assert!(matches!(answered, Err(LlmError::Server { status: 500, .. })), "{answered:?}");
    }
    for answered in both(Misdeed::ServerErrorHtml) {
        assert!(matches!(answered, Err(LlmError::Server { status: 502, .. })), "{answered:?}");
    }
}

#[test]
fn answers_of_status_200_can_be_none() {
    for answered in both(Misdeed::HtmlInsteadOfJson) {
        assert!(matches!(answered, Err(LlmError::Dialect { .. })), "{answered:?}");
    }
    for answered in both(Misdeed::ErrorInBody) {
        assert!(matches!(answered, Err(LlmError::Server { status: 500, .. })), "{answered:?}");
    }
    for answered in both(Misdeed::Refusal) {
        assert!(matches!(answered, Err(LlmError::Refused { .. })), "{answered:?}");
    }
    for answered in both(Misdeed::Empty) {
        assert_eq!(answered.unwrap().text, "");
    }
    for answered in both(Misdeed::Endless) {
        assert!(matches!(answered, Err(LlmError::TooLong { .. })), "{answered:?}");
    }
    assert!(matches!(both(Misdeed::Silence), [Err(LlmError::TimedOut { .. }), Err(LlmError::TimedOut { .. })]));
}

#[test]
fn streams_break_in_the_ways_that_streams_do() {
    let [streamed, plain] = both(Misdeed::NoDone);
    assert_eq!((streamed.unwrap(), plain.unwrap()), (good(), good()));
    let [streamed, plain] = both(Misdeed::NoFinish);
    assert!(matches!(streamed, Err(LlmError::Interrupted { .. })), "{streamed:?}");
    assert_eq!(plain.unwrap().finish, Finish::Unknown);
    let [streamed, plain] = both(Misdeed::ErrorInStream);
    assert!(matches!(streamed, Err(LlmError::Interrupted { .. } | LlmError::Server { .. })), "{streamed:?}");
    assert!(matches!(plain, Err(LlmError::Server { .. })), "{plain:?}");
    let [streamed, plain] = both(Misdeed::InvalidUtf8);
    assert!(matches!(streamed, Err(LlmError::Interrupted { .. } | LlmError::Server { .. })), "{streamed:?}");
    assert!(matches!(plain, Err(LlmError::Dialect { .. })), "{plain:?}");
}

#[test]
fn a_stream_can_be_cut_anywhere() {
    let cut = |seed| {
        let server = Server::start(Settings { seed, misdeed: Some(Misdeed::CutStream), ..Settings::default() });
        [true, false].map(|streaming| ask(&server, streaming, &question()))
    };
    let all: Vec<Answered> = (0..40).flat_map(cut).collect();
    assert!(all.iter().any(|answered| matches!(answered, Err(LlmError::Interrupted { .. }))));
    assert!(all.iter().any(|answered| matches!(answered, Err(LlmError::Unreachable { .. }))), "also within the head");
    assert!(all.iter().flatten().all(|reply| *reply == good()), "only what lacked its last bytes is an answer");
}

#[test]
fn late_and_slow_answers_are_good_ones() {
    for misdeed in [Misdeed::Delay, Misdeed::Slow] {
        let began = Instant::now();
        assert!(both(misdeed).into_iter().all(|answered| answered == Ok(good())));
        assert!(began.elapsed() >= Duration::from_millis(100), "{misdeed:?} took {:?}", began.elapsed());
    }
}

#[test]
fn models_misbehave_in_what_they_say() {
    let domain = lines().domain;
    for answered in both(Misdeed::Injected) {
        let text = answered.unwrap().text;
        assert!(text.contains("https://evil.example") && text.contains(&good().text), "{text}");
        assert!(item(&text, &domain, &kites()).0.is_some(), "{text}");
    }
    for answered in both(Misdeed::Garbage) {
        assert!(!answered.unwrap().text.contains("LIKES"));
    }
    for answered in both(Misdeed::Usage) {
        assert_eq!(answered.unwrap().usage.unwrap().total(), 2_000_000_000_000);
    }
    let text = ask(&with(Misdeed::WrongCount), true, &seeded(lines().actions(&kites(), 10))).unwrap().text;
    assert!(text.starts_with("Sure!") && text.ends_with("```"), "{text}");
    assert_eq!(actions(&text, &domain, 10, Origin::Generic).0.len(), 5);
}

#[test]
fn a_server_that_fails_quotes_the_key() {
    let server = with(Misdeed::ServerError);
    let body = endpoint(&server, true).encode(&question(), 900);
    let failed = exchange(&server, &post(&body, Some("sk-secret")));
    assert!(matches!(&failed, Err(LlmError::Server { why, .. }) if why.contains("sk-secret")), "{failed:?}");
}

#[test]
fn equal_seeds_misbehave_equally_in_any_order() {
    let misdeeds = |seed: u64, order: &[u64]| {
        let server = Server::start(Settings { seed, wild: true, ..Settings::default() });
        for number in order {
            let request = ChatRequest { seed: Some(*number), ..question() };
            let body = endpoint(&server, true).encode(&request, 900);
            drop(send(&server, &post(&body, None)));
        }
        let until = Instant::now() + Duration::from_secs(5);
        while server.seen().len() < order.len() {
            assert!(Instant::now() < until, "requests were lost");
            thread::sleep(Duration::from_millis(5));
        }
        let mut drawn: Vec<(String, Option<Misdeed>)> =
            server.seen().into_iter().map(|seen| (seen.body, seen.misdeed)).collect();
        drawn.sort();
        drawn
    };
    let (forth, back): (Vec<u64>, Vec<u64>) = ((0..60).collect(), (0..60).rev().collect());
    let drawn = misdeeds(1, &forth);
    assert_eq!(drawn, misdeeds(1, &back));
    assert_ne!(drawn, misdeeds(2, &forth));
    let bad = drawn.iter().filter(|(_, misdeed)| misdeed.is_some()).count();
    assert!((14..=34).contains(&bad), "{bad} of 60");
    let again: Vec<Option<Misdeed>> = misdeeds(1, &[7; 40]).into_iter().map(|(_, misdeed)| misdeed).collect();
    assert!(again.contains(&None) && again.iter().any(Option::is_some), "each time anew");
}

#[test]
fn a_plain_answer_is_a_chat_completion() {
    let server = Server::start(Settings::default());
    let mut reader = BufReader::new(send(&server, &post(&endpoint(&server, false).encode(&question(), 900), None)));
    assert_eq!(read_head(&mut reader).unwrap().status, 200);
    let mut body = Vec::new();
    reader.read_to_end(&mut body).unwrap();
    assert_eq!(decode(200, None, &body).unwrap(), good());
}
