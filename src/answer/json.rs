//! JSON as models write it.
//!
//! A reader that takes what JSON parsers refuse and people understand: single and typographic quotes, keys without
//! quotes, commas too many or too few, line breaks within strings, comments, Python's `True` and `None`, and an end that
//! never comes. Everything that was complete up to there is kept.

use std::iter::Peekable;
use std::str::Chars;

/// Deeper is no answer.
const MOST_DEPTH: usize = 16;
/// Values of one answer.
const MOST_VALUES: usize = 20_000;

/// What was read. Numbers and names stay as they were written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Every object and list that stands outside of others, in order. Brackets within prose give what they give: callers
/// look for what they know.
pub(super) fn all(text: &str) -> Vec<Json> {
    let mut values = Vec::new();
    let mut reader = Reader { chars: text.chars().peekable(), left: MOST_VALUES };
    while reader.skip_to_bracket() && reader.left > 0 {
        values.extend(reader.value(0));
    }
    values
}

/// The text under a key, whatever its case.
pub(super) fn text_under<'a>(entries: &'a [(String, Json)], name: &str) -> Option<&'a str> {
    entries.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, value)| match value {
        Json::Text(text) => Some(text.as_str()),
        _ => None,
    })
}

/// Whether all that an object says is that the model will not.
pub(super) fn refuses(value: &Json) -> bool {
    matches!(value, Json::Object(entries) if entries.iter().any(|(_, value)| matches!(value, Json::Text(text) if super::prepare::refuses(text))))
}

struct Reader<'a> {
    chars: Peekable<Chars<'a>>,
    left: usize,
}

impl Reader<'_> {
    fn skip_to_bracket(&mut self) -> bool {
        while self.chars.next_if(|c| !matches!(c, '{' | '[')).is_some() {}
        self.chars.peek().is_some()
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        self.left = self.left.checked_sub(1)?;
        self.skip_space();
        match *self.chars.peek()? {
            '{' if depth < MOST_DEPTH => Some(self.object(depth)),
            '[' if depth < MOST_DEPTH => Some(self.list(depth)),
            quote if closing(quote).is_some() => self.quoted().map(Json::Text),
            _ => self.bare().map(Json::Text),
        }
    }

    fn list(&mut self, depth: usize) -> Json {
        self.chars.next();
        let mut values = Vec::new();
        while let Some(next) = self.next_entry() {
            if next == ']' || next == '}' {
                self.chars.next();
                break;
            }
            let Some(value) = self.value(depth + 1) else { break };
            values.push(value);
        }
        Json::List(values)
    }

    fn object(&mut self, depth: usize) -> Json {
        self.chars.next();
        let mut entries = Vec::new();
        while let Some(next) = self.next_entry() {
            if next == '}' || next == ']' {
                self.chars.next();
                break;
            }
            let key = if closing(next).is_some() { self.quoted() } else { self.bare() };
            let Some(key) = key else { break };
            self.skip_space();
            if self.chars.next_if(|c| matches!(c, ':' | '=' | '：')).is_none() {
                continue;
            }
            let Some(value) = self.value(depth + 1) else { break };
            entries.push((key, value));
        }
        Json::Object(entries)
    }

    /// The first character of the next entry, or the bracket that ends them.
    fn next_entry(&mut self) -> Option<char> {
        self.skip_space();
        while self.chars.next_if(|c| matches!(c, ',' | '，' | ';' | ':')).is_some() {
            self.skip_space();
        }
        self.left = self.left.checked_sub(1)?;
        self.chars.peek().copied()
    }

    fn skip_space(&mut self) {
        loop {
            while self.chars.next_if(|c| c.is_whitespace()).is_some() {}
            let mut ahead = self.chars.clone();
            match (ahead.next(), ahead.next()) {
                (Some('/'), Some('/')) => while self.chars.next_if(|c| *c != '\n').is_some() {},
                (Some('/'), Some('*')) => {
                    self.chars = ahead;
                    let mut last = ' ';
                    while let Some(c) = self.chars.next().filter(|c| (last, *c) != ('*', '/')) {
                        last = c;
                    }
                }
                _ => return,
            }
        }
    }

    /// A string up to its closing quote; none if that never comes. A quote that nothing of JSON follows belongs to the
    /// text.
    fn quoted(&mut self) -> Option<String> {
        let close = self.chars.next().and_then(closing)?;
        let mut text = String::new();
        loop {
            match self.chars.next()? {
                '\\' => self.escaped(&mut text),
                c if c == close && self.ends_string() => return Some(text),
                c => text.push(c),
            }
        }
    }

    fn ends_string(&self) -> bool {
        let next = self.chars.clone().find(|c| !c.is_whitespace() || *c == '\n');
        next.is_none_or(|c| matches!(c, ',' | ':' | '}' | ']' | '\n' | '，' | '：' | ';'))
    }

    fn escaped(&mut self, text: &mut String) {
        match self.chars.next() {
            Some('n' | 'r' | 't') => text.push('\n'),
            Some('u') => text.extend(self.code_point()),
            Some(c) => text.push(c),
            None => {}
        }
    }

    fn code_point(&mut self) -> Option<char> {
        let high = self.hex()?;
        if !(0xd800..0xdc00).contains(&high) {
            return char::from_u32(high);
        }
        let mut ahead = self.chars.clone();
        if (ahead.next(), ahead.next()) != (Some('\\'), Some('u')) {
            return None;
        }
        self.chars = ahead;
        let low = self.hex()?.checked_sub(0xdc00)?;
        char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low & 0x3ff))
    }

    fn hex(&mut self) -> Option<u32> {
        let digits: String = self.chars.by_ref().take(4).collect();
        u32::from_str_radix(&digits, 16).ok()
    }

    /// A number, a name, or a word that lacks its quotes.
    fn bare(&mut self) -> Option<String> {
        let mut text = String::new();
        while let Some(c) = self.chars.next_if(|c| !matches!(c, ',' | ':' | '}' | ']' | '{' | '[' | '\n')) {
            text.push(c);
        }
        if text.is_empty() {
            // A stray bracket or colon: step over it.
            self.chars.next()?;
        }
        Some(text.trim().to_owned())
    }
}

/// The quote that closes what this one opens.
fn closing(open: char) -> Option<char> {
    match open {
        '"' | '\'' | '`' => Some(open),
        '“' | '„' => Some('”'),
        '‘' => Some('’'),
        _ => None,
    }
}
