//! A gate before the pretended language model: it lets questions through, or does something else with them.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use super::llm_server::Server;

/// What becomes of a question.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// The model answers it.
    Pass,
    /// It gets this status and these words.
    Status(u16, &'static str),
    /// It is answered with this text.
    Say(&'static str),
    /// It is never answered.
    Hold,
}

/// Decides by the number of a question, from 1, and its body.
type Rule = dyn Fn(usize, &str) -> Verdict + Send + Sync;

/// A gate that stands until the test has ended.
pub struct Gate {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    rule: Mutex<Box<Rule>>,
    asked: Mutex<Vec<String>>,
    came: Condvar,
}

impl Gate {
    pub fn before(server: &Server, rule: impl Fn(usize, &str) -> Verdict + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (rule, asked, came) = (Mutex::new(Box::new(rule) as Box<Rule>), Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { server: server.address(), rule, asked, came });
        thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                for socket in listener.incoming().flatten() {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || shared.serve(socket));
                }
            }
        });
        Gate { address, shared }
    }

    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// From now on, counted anew, all is decided by another rule.
    pub fn rule(&self, rule: impl Fn(usize, &str) -> Verdict + Send + Sync + 'static) {
        *self.shared.rule.lock().unwrap() = Box::new(rule);
        self.shared.asked.lock().unwrap().clear();
    }

    /// Bodies of all questions.
    pub fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// Waits until so many questions have come.
    pub fn wait_for(&self, count: usize) {
        let asked = self.shared.asked.lock().unwrap();
        drop(self.shared.came.wait_while(asked, |asked| asked.len() < count).unwrap());
    }
}

impl Shared {
    fn serve(&self, mut socket: TcpStream) {
        let Some(request) = read_request(&mut socket) else { return };
        let text = String::from_utf8_lossy(&request).into_owned();
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let number = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(body.to_owned());
            asked.len()
        };
        let verdict = (self.rule.lock().unwrap())(number, body);
        self.came.notify_all();
        match verdict {
            Verdict::Pass => self.pass(&request, &mut socket),
            Verdict::Status(status, why) => {
                answer(&mut socket, status, &serde_json::json!({"error": {"message": why}}));
            }
            Verdict::Say(text) => {
                let message = serde_json::json!({"role": "assistant", "content": text});
                let choice = serde_json::json!({"index": 0, "message": message, "finish_reason": "stop"});
                answer(&mut socket, 200, &serde_json::json!({"object": "chat.completion", "choices": [choice]}));
            }
            Verdict::Hold => {
                let _ = socket.read(&mut [0]);
            }
        }
    }

    fn pass(&self, request: &[u8], socket: &mut TcpStream) {
        let mut server = TcpStream::connect(self.server).unwrap();
        server.write_all(request).unwrap();
        // The client may have gone.
        let _ = std::io::copy(&mut server, socket);
    }
}

fn read_request(socket: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = socket.read(&mut buffer).ok().filter(|count| *count > 0)?;
        request.extend_from_slice(&buffer[..count]);
        let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        if request.len() - end - 4 >= length.map_or(0, |length| length.trim().parse().unwrap()) {
            return Some(request);
        }
    }
}

fn answer(socket: &mut TcpStream, status: u16, body: &serde_json::Value) {
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status} So\r\nContent-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    let _ = socket.write_all(format!("{head}Connection: close\r\n\r\n{body}").as_bytes());
}
