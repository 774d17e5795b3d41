//! A language model that only pretends to be one: an OpenAI-compatible server on this machine, for tests.
//!
//! It reads the questions of [`aquiline::prompt`] back from their words, has the simulator answer them in the form that
//! was asked for, and misbehaves if told to ([`Misdeed`]). Everything is drawn by a hash of the seed, the request's body
//! and how often that body came before, so equal seeds misbehave equally, in whatever order requests arrive.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use aquiline::llm::Usage;
use aquiline::prompt::Task;
use aquiline::simulator::{Simulator, SimulatorSettings};

#[path = "llm_server/answers.rs"]
mod answers;
#[path = "llm_server/chat.rs"]
mod chat;
#[path = "llm_server/dialect.rs"]
mod dialect;
#[path = "llm_server/misdeed.rs"]
mod misdeed;
#[path = "llm_server/question.rs"]
mod question;
#[path = "llm_server/wire.rs"]
mod wire;

use chat::Plan;
use dialect::{Body, Response};
pub use misdeed::Misdeed;
use wire::{Broken, Connection, Request, Unread};

/// How the server behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Draws misdeeds, and answers where a request has no seed.
    pub seed: u64,
    /// Whether two of five requests are answered badly.
    pub wild: bool,
    /// What every request is answered by, instead of what is drawn.
    pub misdeed: Option<Misdeed>,
    /// Before the first byte of each answer.
    pub latency: Duration,
    /// Before each further piece of a stream.
    pub pause: Duration,
    /// Characters of each piece of a stream.
    pub piece: usize,
    /// Without `Authorization: Bearer` and this, the answer is 401.
    pub key: Option<String>,
    /// For any other name the answer is 404.
    pub model: String,
    /// Whether pages of other origins may read answers.
    pub cors: bool,
    /// Called with every request that is over.
    pub tell: Option<fn(&Seen)>,
}

/// A request, and what became of it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub path: String,
    /// Names of headers in lower case; their values are nobody's business.
    pub headers: Vec<String>,
    pub body: String,
    /// Whether it had the key, or needed none.
    pub authorized: bool,
    /// What was asked for, if it is one of our questions.
    pub task: Option<Task>,
    pub misdeed: Option<Misdeed>,
    /// The status that was planned for it, also where nothing was sent.
    pub status: u16,
    /// The tokens that the answer claimed, once it is sent.
    pub usage: Option<Usage>,
    /// When it had been read.
    pub began: Instant,
    /// When nothing more was going to be sent.
    pub ended: Option<Instant>,
    /// When it was noticed that the client had gone before the end.
    pub closed_early: Option<Instant>,
}

/// A running server; dropping it stops it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    settings: Settings,
    simulator: Simulator,
    is_stopped: AtomicBool,
    seen: Mutex<Vec<Seen>>,
    /// How often each body came.
    times: Mutex<HashMap<String, u64>>,
}

impl Default for Settings {
    /// Well behaved, without a key, as fast as it can.
    fn default() -> Self {
        Settings {
            seed: 0,
            wild: false,
            misdeed: None,
            latency: Duration::ZERO,
            pause: Duration::ZERO,
            piece: 24,
            key: None,
            model: "simulator".into(),
            cors: true,
            tell: None,
        }
    }
}

impl Seen {
    fn new(request: &Request, plan: &Plan, authorized: bool) -> Self {
        Seen {
            method: request.method.clone(),
            path: request.path.clone(),
            headers: request.headers.iter().map(|(name, _)| name.clone()).collect(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
            authorized,
            task: plan.task,
            misdeed: plan.misdeed,
            status: plan.status,
            usage: None,
            began: Instant::now(),
            ended: None,
            closed_early: None,
        }
    }
}

impl Server {
    /// A server on a port that is free.
    pub fn start(settings: Settings) -> Self {
        Server::bind(settings, 0).expect("this machine has a free port")
    }

    /// A server on this port.
    ///
    /// # Errors
    /// Where the port is taken.
    pub fn bind(settings: Settings, port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            settings,
            simulator: Simulator::new(SimulatorSettings::default()),
            is_stopped: AtomicBool::new(false),
            seen: Mutex::default(),
            times: Mutex::default(),
        });
        let accepting = Some(thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        }));
        Ok(Server { address, shared, accepting })
    }

    /// Where clients are to be pointed to.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All requests so far in the order in which they came, also those that are being answered.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        let ended = self.accepting.take().map_or(Ok(()), JoinHandle::join);
        assert!(ended.is_ok() || thread::panicking(), "the pretended language model panicked");
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut open: Vec<JoinHandle<()>> = Vec::new();
    while let Ok((socket, _)) = listener.accept() {
        if shared.is_stopped.load(Ordering::Relaxed) {
            break;
        }
        let (finished, still): (Vec<_>, Vec<_>) = open.into_iter().partition(JoinHandle::is_finished);
        finished.into_iter().for_each(join);
        open = still;
        let shared = Arc::clone(shared);
        open.push(thread::spawn(move || shared.serve(socket)));
    }
    open.into_iter().for_each(join);
}

fn join(connection: JoinHandle<()>) {
    connection.join().expect("a connection's thread does not panic");
}

impl Shared {
    fn serve(&self, socket: TcpStream) {
        let Ok(mut connection) = Connection::new(socket, &self.is_stopped) else { return };
        let seen = match connection.read_request() {
            Ok(request) => Some(self.answer(&request, &mut connection)),
            Err(Unread::Bad(status, why)) => {
                let response = Response::error(status, why, "invalid_request_error", None);
                let _ = connection.play(response.steps(&self.settings));
                None
            }
            Err(Unread::Broken) => None,
        };
        connection.linger();
        if let (Some(tell), Some(seen)) = (self.settings.tell, seen) {
            tell(&seen);
        }
    }

    fn answer(&self, request: &Request, connection: &mut Connection) -> Seen {
        let plan = self.plan(request);
        let place = {
            let mut seen = self.seen.lock().unwrap();
            seen.push(Seen::new(request, &plan, self.authorizes(request)));
            seen.len() - 1
        };
        let played = connection.play(plan.steps);
        let seen = &mut self.seen.lock().unwrap()[place];
        let now = Instant::now();
        seen.ended = Some(now);
        seen.closed_early = (played == Err(Broken::Closed)).then_some(now);
        seen.usage = plan.usage.filter(|_| played.is_ok());
        seen.clone()
    }

    fn plan(&self, request: &Request) -> Plan {
        let is_chat = request.path == "/v1/chat/completions";
        match (request.method.as_str(), request.path.as_str()) {
            ("OPTIONS", _) => self.plainly(self.preflight(request)),
            _ if !self.authorizes(request) => self.plainly(unauthorized(request)),
            ("GET", "/v1/models") => self.plainly(dialect::models(&self.settings.model)),
            ("POST", _) if is_chat => self.chat(request),
            (_, "/v1/models" | "/v1/chat/completions") => {
                self.plainly(Response::error(405, "Not allowed here", "invalid_request_error", None))
            }
            _ => self.plainly(Response::error(404, "Unknown request URL", "invalid_request_error", None)),
        }
    }

    fn plainly(&self, response: Response) -> Plan {
        Plan { status: response.status, steps: response.steps(&self.settings), task: None, misdeed: None, usage: None }
    }

    fn authorizes(&self, request: &Request) -> bool {
        let given = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        self.settings.key.as_deref().is_none_or(|key| given == Some(key))
    }

    fn preflight(&self, request: &Request) -> Response {
        if !self.settings.cors {
            return Response::error(405, "Not allowed here", "invalid_request_error", None);
        }
        let wanted = request.header("access-control-request-headers").unwrap_or("authorization, content-type");
        let mut response = Response { status: 204, ..Response::new("text/plain", Body::Whole(Vec::new())) };
        response.headers = vec![
            ("Access-Control-Allow-Headers", wanted.to_owned()),
            ("Access-Control-Allow-Methods", "GET, POST, OPTIONS".into()),
            ("Access-Control-Allow-Private-Network", "true".into()),
        ];
        response
    }
}

/// Quotes the key that came, as some servers do.
fn unauthorized(request: &Request) -> Response {
    let given = request.header("authorization").unwrap_or("none");
    let why = format!("Incorrect API key provided: {given}");
    Response::error(401, &why, "invalid_request_error", Some("invalid_api_key"))
}
