//! One connection: a request in, an answer out, and whether the client is still there.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a socket is waited for before anything else is looked at.
const TICK: Duration = Duration::from_millis(10);
/// How long a client may take to send its request.
const MOST_PATIENCE: Duration = Duration::from_secs(10);
/// How long the client's end is waited for after ours.
const LINGER: Duration = Duration::from_millis(100);
const MOST_HEAD: usize = 1 << 16;
const MOST_BODY: usize = 1 << 23;

pub struct Connection<'a> {
    socket: TcpStream,
    is_stopped: &'a AtomicBool,
}

pub struct Request {
    pub method: String,
    /// Without a query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What is done for an answer, one after another.
#[derive(Debug, Clone)]
pub enum Step {
    Send(Vec<u8>),
    Wait(Duration),
    /// Until the client goes.
    Repeat(Vec<u8>, Duration),
    /// Nothing, until the client goes.
    Hold,
}

/// Why an answer did not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// By the client.
    Closed,
    /// The server is being stopped.
    Stopped,
}

/// Why there is no request.
pub enum Unread {
    Broken,
    /// A status and what is wrong.
    Bad(u16, &'static str),
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn parse(head: &str) -> Option<Self> {
        let mut lines = head.split("\r\n");
        let mut first = lines.next()?.split(' ');
        let (method, target) = (first.next()?, first.next()?);
        first.next().filter(|version| version.starts_with("HTTP/1."))?;
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_lowercase(), value.trim().to_owned()))
        };
        let headers = lines.map(header).collect::<Option<_>>()?;
        let path = target.split('?').next()?.to_owned();
        Some(Request { method: method.to_owned(), path, headers, body: Vec::new() })
    }

    fn length(&self) -> Result<usize, Unread> {
        if self.header("transfer-encoding").is_some() {
            return Err(Unread::Bad(411, "A length is required"));
        }
        let length = self.header("content-length").map_or(Ok(0), str::parse);
        match length {
            Ok(length) if length <= MOST_BODY => Ok(length),
            Ok(_) => Err(Unread::Bad(413, "The request is too large")),
            Err(_) => Err(Unread::Bad(400, "The length is no number")),
        }
    }
}

impl From<Broken> for Unread {
    fn from(_: Broken) -> Self {
        Unread::Broken
    }
}

impl<'a> Connection<'a> {
    pub fn new(socket: TcpStream, is_stopped: &'a AtomicBool) -> std::io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(TICK))?;
        Ok(Connection { socket, is_stopped })
    }

    pub fn read_request(&mut self) -> Result<Request, Unread> {
        let until = Instant::now() + MOST_PATIENCE;
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            if bytes.len() > MOST_HEAD {
                return Err(Unread::Bad(431, "The head is too large"));
            }
            self.read_more(&mut bytes, until)?;
        };
        let head = std::str::from_utf8(&bytes[..end]).ok().and_then(Request::parse);
        let request = head.ok_or(Unread::Bad(400, "This is not HTTP/1.1"))?;
        let length = request.length()?;
        let mut body = bytes.split_off(end + 4);
        while body.len() < length {
            self.read_more(&mut body, until)?;
        }
        body.truncate(length);
        Ok(Request { body, ..request })
    }

    pub fn play(&mut self, steps: Vec<Step>) -> Result<(), Broken> {
        for step in steps {
            match step {
                Step::Send(bytes) => self.send(&bytes)?,
                Step::Wait(time) => self.wait(time)?,
                Step::Repeat(bytes, pause) => loop {
                    self.send(&bytes)?;
                    self.wait(pause)?;
                },
                Step::Hold => loop {
                    self.wait(TICK)?;
                },
            }
        }
        Ok(())
    }

    /// Says that there is no more, and waits a moment for the client to agree: unread bytes would reset the connection.
    pub fn linger(&mut self) {
        let until = Instant::now() + LINGER;
        let mut more = [0; 4096];
        let _ = self.socket.shutdown(Shutdown::Write);
        while Instant::now() < until && self.receive(&mut more, TICK).is_ok() {}
    }

    fn read_more(&mut self, bytes: &mut Vec<u8>, until: Instant) -> Result<(), Unread> {
        let mut more = [0; 16_384];
        let count = self.receive(&mut more, TICK)?;
        bytes.extend_from_slice(&more[..count]);
        if Instant::now() > until { Err(Unread::Bad(408, "The request did not come")) } else { Ok(()) }
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        self.look()?;
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.is_stopped.load(Ordering::Relaxed) {
                return Err(Broken::Stopped);
            }
            match self.socket.write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if passes(error.kind()) => {}
                Err(_) => return Err(Broken::Closed),
            }
        }
        Ok(())
    }

    fn wait(&mut self, time: Duration) -> Result<(), Broken> {
        let until = Instant::now() + time;
        let mut more = [0; 4096];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.receive(&mut more, left)?;
        }
    }

    /// Whether the client is still there, without waiting.
    fn look(&mut self) -> Result<(), Broken> {
        let unusable = |_| Broken::Closed;
        self.socket.set_nonblocking(true).map_err(unusable)?;
        let received = self.receive(&mut [0; 4096], TICK);
        self.socket.set_nonblocking(false).map_err(unusable)?;
        received.map(drop)
    }

    /// How many bytes came within a tick. Whoever ends what they send is taken to be gone.
    fn receive(&mut self, buffer: &mut [u8], most: Duration) -> Result<usize, Broken> {
        if self.is_stopped.load(Ordering::Relaxed) {
            return Err(Broken::Stopped);
        }
        let time = most.clamp(Duration::from_millis(1), TICK);
        self.socket.set_read_timeout(Some(time)).map_err(|_| Broken::Closed)?;
        match self.socket.read(buffer) {
            Ok(0) => Err(Broken::Closed),
            Ok(count) => Ok(count),
            Err(error) if passes(error.kind()) => Ok(0),
            Err(_) => Err(Broken::Closed),
        }
    }
}

fn passes(error: ErrorKind) -> bool {
    matches!(error, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
