//! The dialect of chat completions: what is sent, and what comes back whole, in pieces, broken or not at all.

use aquiline::Error;
use aquiline::error::LlmError;
use aquiline::llm::openai::{Endpoint, LimitName, MOST_BYTES, Stream, decode, failure};
use aquiline::llm::{ChatReply, ChatRequest, Finish, Message, Schema, Shape, Usage};
use proptest::prelude::*;

fn request() -> ChatRequest {
    ChatRequest {
        messages: vec![Message::system("Be brief."), Message::user("Name a kite.")],
        temperature: Some(0.5),
        seed: Some(u64::MAX),
        max_tokens: 40,
        schema: Some(Schema { name: "kite".into(), shape: Shape::object([("name", Shape::Text)]) }),
    }
}

fn endpoint() -> Endpoint {
    Endpoint::new("http://localhost:11434/v1/", "small").unwrap()
}

#[test]
fn a_question_says_only_what_the_server_can_take() {
    let full = Endpoint { schemas: true, ..endpoint() };
    insta::assert_snapshot!(full.encode(&request(), 40), @r#"{"model":"small","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Name a kite."}],"max_tokens":40,"temperature":0.5,"seed":2147483647,"response_format":{"type":"json_schema","json_schema":{"name":"kite","strict":true,"schema":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}}},"stream":true,"stream_options":{"include_usage":true}}"#);
    let least = Endpoint {
        streaming: false,
        seeds: false,
        temperature: false,
        limit: LimitName::MaxCompletionTokens,
        ..endpoint()
    };
    insta::assert_snapshot!(least.encode(&request(), 7), @r#"{"model":"small","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Name a kite."}],"max_completion_tokens":7}"#);
}

#[test]
fn an_address_is_completed_once_and_checked() {
    for base in ["http://a/v1", "http://a/v1/", "http://a/v1/chat/completions"] {
        assert_eq!(Endpoint::new(base, "m").unwrap().url(), "http://a/v1/chat/completions");
    }
    for (base, model) in [
        ("a/v1", "m"),
        ("file:///v1", "m"),
        ("https://", "m"),
        ("http://key@a/v1", "m"),
        ("http://a/v1?key=1", "m"),
        ("http://a/v1", " "),
    ] {
        let error = Endpoint::new(base, model).unwrap_err();
        assert!(error.is_bad_input(), "{base}: {error}");
    }
}

#[test]
fn a_whole_answer_is_read() {
    let body = br#"{"choices":[{"message":{"role":"assistant","content":"Box"},"finish_reason":"stop"}],
                    "usage":{"prompt_tokens":12,"completion_tokens":1}}"#;
    let usage = Some(Usage { prompt_tokens: 12, completion_tokens: 1 });
    assert_eq!(decode(200, None, body), Ok(ChatReply { text: "Box".into(), finish: Finish::Stop, usage }));
    let parts = br#"{"choices":[{"message":{"content":[{"type":"text","text":"Bo"},{"type":"text","text":"x"}]}}]}"#;
    assert_eq!(decode(200, None, parts).unwrap().text, "Box");
}

#[test]
fn each_status_has_its_own_error_with_what_the_server_said() {
    let said = br#"{"error":{"message":"no such model: small"}}"#;
    let cases = [
        (401, "llm.unauthorized", false),
        (403, "llm.unauthorized", false),
        (404, "llm.not_found", false),
        (400, "llm.rejected", false),
        (408, "llm.server", true),
        (409, "llm.server", true),
        (429, "llm.rate_limited", true),
        (500, "llm.server", true),
        (529, "llm.server", true),
    ];
    for (status, code, retryable) in cases {
        let error = Error::from(failure(status, None, said));
        assert_eq!((error.code(), error.is_retryable()), (code, retryable), "{status}");
        assert!(error.to_string().contains("no such model: small"), "{error}");
    }
    assert_eq!(
        failure(429, Some("2.5"), b"slow down"),
        LlmError::RateLimited { retry_after: Some(2.5), why: "slow down".into() }
    );
    assert!(matches!(failure(429, Some("-1"), b""), LlmError::RateLimited { retry_after: None, .. }));
    assert!(failure(500, None, b"<html><h1>Bad gateway</h1>").to_string().contains("a web page"));
}

#[test]
fn a_success_that_is_none_is_an_error() {
    let code = |body: &[u8]| Error::from(decode(200, None, body).unwrap_err()).code();
    assert_eq!(code(b"<!doctype html><title>Welcome to nginx</title>"), "llm.dialect");
    assert_eq!(code(b""), "llm.dialect");
    assert_eq!(code(br#"{"choices":[]}"#), "llm.dialect");
    assert_eq!(code(br#"{"error":"model is loading"}"#), "llm.server");
    assert_eq!(code(br#"{"error":{"message":"quota","code":429}}"#), "llm.rate_limited");
    assert_eq!(code(br#"[{"error":{"code":403,"message":"key","status":"PERMISSION_DENIED"}}]"#), "llm.unauthorized");
    let filtered = br#"{"choices":[{"message":{"content":null},"finish_reason":"content_filter"}]}"#;
    assert_eq!(code(filtered), "llm.refused");
    let refused = br#"{"choices":[{"message":{"content":null,"refusal":"I would rather not."}}]}"#;
    assert!(decode(200, None, refused).unwrap_err().to_string().contains("I would rather not."));
    assert_eq!(code(&vec![b' '; MOST_BYTES + 1]), "llm.too_long");
}

const STREAMED: &str = concat!(
    ": welcome\r\n\r\n",
    "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\r\n\r\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"Dragön \"},\"finish_reason\":null}]}\r\n\r\n",
    "event: message\ndata:{\"choices\":[{\"delta\":{\"content\":\"凧 🪁\"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":5}}\n\n",
    "data: [DONE]\n\n",
);

fn streamed(pieces: &[&[u8]]) -> Result<ChatReply, LlmError> {
    let mut stream = Stream::default();
    let mut text = String::new();
    for piece in pieces {
        text.push_str(&stream.push(piece)?);
    }
    let reply = stream.finish()?;
    assert!(reply.text.starts_with(&text));
    Ok(reply)
}

proptest! {
    #[test]
    fn a_stream_says_the_same_however_it_is_cut(cuts in proptest::collection::vec(0..STREAMED.len(), 0..12)) {
        let bytes = STREAMED.as_bytes();
        let mut cuts = cuts;
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
        let usage = Some(Usage { prompt_tokens: 9, completion_tokens: 5 });
        prop_assert_eq!(streamed(&pieces), Ok(ChatReply { text: "Dragön 凧 🪁".into(), finish: Finish::Stop, usage }));
    }

    #[test]
    fn no_bytes_make_it_panic(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..6)) {
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let _ = streamed(&pieces);
        let _ = decode(200, None, &pieces.concat());
    }
}

#[test]
fn a_stream_that_is_cut_is_never_taken_for_whole() {
    let whole = STREAMED.find("\"stop\"").unwrap();
    for end in 0..whole {
        let result = streamed(&[&STREAMED.as_bytes()[..end]]);
        assert!(result.is_err(), "cut at {end}: {result:?}");
    }
}

#[test]
fn a_break_is_worth_another_attempt_only_before_the_first_word() {
    let first = STREAMED.find("Drag").unwrap();
    let broken = |text: &str| streamed(&[text.as_bytes()]).unwrap_err();
    assert!(broken(&STREAMED[..first - 40]).is_retryable());
    let after = broken(&STREAMED[..first + 80]);
    assert_eq!(Error::from(after.clone()).code(), "llm.interrupted");
    assert!(!after.is_retryable());
}

#[test]
fn a_stream_without_its_last_word_is_whole_when_the_model_said_why_it_stopped() {
    let end = STREAMED.find("data: [DONE]").unwrap();
    assert_eq!(streamed(&[&STREAMED.as_bytes()[..end]]).unwrap().finish, Finish::Stop);
}

#[test]
fn an_error_inside_a_stream_is_an_error() {
    let error = "data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n";
    assert_eq!(streamed(&[error.as_bytes()]), Err(LlmError::Server { status: 503, why: "overloaded".into() }));
    let late = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"Box\"}}}}]}}\n\n{error}");
    assert_eq!(streamed(&[late.as_bytes()]), Err(LlmError::Interrupted { why: "overloaded".into() }));
    let invalid = b"data: {\"choices\":[{\"delta\":{\"content\":\"B\xff\"}}]}\n\n";
    assert!(matches!(streamed(&[invalid]), Err(LlmError::Server { .. })));
}

#[test]
fn a_server_that_does_not_stream_is_understood() {
    let body = b"{\n \"choices\": [{\"message\": {\"content\": \"Box\"},\n \"finish_reason\": \"stop\"}]}";
    assert_eq!(streamed(&[&body[..20], &body[20..]]).unwrap().text, "Box");
    assert!(matches!(streamed(&[b"<html>"]), Err(LlmError::Dialect { .. })));
}

#[test]
fn an_endless_stream_is_cut_off() {
    let mut stream = Stream::default();
    let piece = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n", "a".repeat(60_000));
    let failed = (0..100).find_map(|_| stream.push(piece.as_bytes()).err());
    assert_eq!(failed, Some(LlmError::TooLong { most: MOST_BYTES }));
    let mut silent = Stream::default();
    let failed = (0..100).find_map(|_| silent.push(&[b'a'; 60_000]).err());
    assert_eq!(failed, Some(LlmError::TooLong { most: MOST_BYTES }));
}
