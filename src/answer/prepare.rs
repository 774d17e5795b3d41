//! What every reader does first: the answer without thoughts, fences and invisible characters.

use super::markup::without_tags;
use crate::llm::is_invisible;

/// Characters of an answer that are read; asked for are a few thousand.
const MOST_READ: usize = 200_000;
/// How models that think aloud mark their thoughts.
const THOUGHTS: [(&str, &str); 4] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<reasoning>", "</reasoning>"),
    ("<|channel|>analysis", "<|channel|>final<|message|>"),
];
/// Where chat templates end what they say; small models go on with a conversation of their own.
const ENDS: [&str; 6] = ["<|eot_id|>", "<|im_end|>", "<|endoftext|>", "<|end|>", "</s>", "#STOP#"];
/// How an answer begins that is none. Lower case, apostrophes straight.
const REFUSALS: [&str; 28] = [
    "i'm sorry",
    "i am sorry",
    "sorry,",
    "i apologize",
    "i can't",
    "i cannot",
    "i can not",
    "i won't",
    "i'm unable",
    "i am unable",
    "i'm not able",
    "i'm afraid",
    "as an ai",
    "unfortunately, i",
    "i must decline",
    "i don't feel comfortable",
    "es tut mir leid",
    "tut mir leid",
    "je suis désolé",
    "désolé",
    "lo siento",
    "desculpe",
    "mi dispiace",
    "извините",
    "抱歉",
    "对不起",
    "申し訳",
    "죄송",
];

/// The readable part of an answer.
pub(super) fn prepare(answer: &str) -> String {
    let read: String = answer.chars().take(MOST_READ).collect();
    let lines = read.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let visible: String = lines.chars().filter(|&c| c == '\n' || c == '\t' || !is_invisible(c)).collect();
    let spoken = THOUGHTS.iter().fold(visible, |text, (open, close)| without(&text, open, close));
    let own = spoken.rsplit("END DATA").next().unwrap_or("").trim_start();
    let until = ENDS.iter().filter_map(|end| own.find(end)).filter(|at| *at > 0).min().unwrap_or(own.len());
    let unquoted = serde_json::from_str::<String>(own[..until].trim()).unwrap_or_else(|_| own[..until].to_owned());
    let unescaped = ["\\.", "\\*", "\\-", "\\#", "\\_", "\\)"]
        .iter()
        .fold(unquoted, |text, escaped| text.replace(escaped, &escaped[1..]));
    let lines: Vec<&str> = unescaped.lines().filter(|line| !is_fence(line)).collect();
    without_tags(&lines.join("\n"))
}

/// Whether the model says that it will not.
pub(super) fn refuses(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(60).collect::<String>().to_lowercase().replace('’', "'");
    REFUSALS.iter().any(|refusal| start.starts_with(refusal))
}

/// Whether a text is one of the examples that prompts give.
pub(super) fn is_placeholder(text: &str) -> bool {
    let text = text.trim().trim_end_matches('.').to_lowercase();
    ["the edit", "first edit", "second edit", "third edit", "the text", "a reason", "first reason", "second reason"]
        .contains(&text.as_str())
}

/// An answer that stands on one line, with a break before each number and each dash that starts an entry.
pub(super) fn unfolded(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    if lines.clone().count() > 2 {
        return text.to_owned();
    }
    lines.map(unfold).collect::<Vec<_>>().join("\n")
}

/// Breaks before " 1. ", " 2. " and so on, as long as the numbers go up one by one.
fn unfold(line: &str) -> String {
    let mut rest = line;
    let mut parts = Vec::new();
    for number in 2.. {
        let marks = [". ", ") "].map(|mark| format!(" {number}{mark}"));
        let Some(at) = marks.iter().filter_map(|mark| rest.find(mark.as_str())).min() else { break };
        parts.push(&rest[..at]);
        rest = &rest[at + 1..];
    }
    parts.push(rest);
    parts.iter().map(|part| detached(part)).collect::<Vec<_>>().join("\n")
}

/// A heading that stands at the end of a part, before the number of the next one, on a line of its own.
fn detached(part: &str) -> String {
    let ends: Vec<usize> = part.match_indices(['.', '!', '?']).map(|(at, _)| at + 1).collect();
    match ends.iter().rev().find(|&&at| !part[at..].trim().is_empty() && part[at..].split_whitespace().count() <= 3) {
        Some(&at) if part[at..].starts_with(' ') => format!("{}\n{}", &part[..at], part[at..].trim()),
        _ => part.to_owned(),
    }
}

/// Everything outside of the marks. Servers that open the first mark themselves send the closing one only; a thought
/// that never ends may have the answer behind its last paragraph.
fn without(text: &str, open: &str, close: &str) -> String {
    let text = match (text.find(open), text.find(close)) {
        (opened, Some(closed)) if opened.is_none_or(|opened| opened > closed) => &text[closed + close.len()..],
        _ => text,
    };
    let mut rest = text;
    let mut kept = String::new();
    while let Some(opened) = rest.find(open) {
        kept.push_str(&rest[..opened]);
        let thought = &rest[opened + open.len()..];
        rest = match thought.find(close) {
            Some(closed) => &thought[closed + close.len()..],
            None => last_part(thought),
        };
    }
    kept + rest
}

/// What follows the first blank line, if it looks like a list.
fn last_part(thought: &str) -> &str {
    let part = thought.split_once("\n\n").map_or("", |(_, part)| part);
    if part.contains("\n1") || part.contains("\n-") || part.contains("\n{") || part.contains(':') { part } else { "" }
}

fn is_fence(line: &str) -> bool {
    let line = line.trim();
    let fence = line.starts_with("```") || line.starts_with("~~~");
    fence && !line.trim_matches(['`', '~']).contains(' ')
}
