//! What a terminal may be sent.
//!
//! Titles, names of files and what a model says are words of others. A terminal would obey some of their characters:
//! escape sequences move the cursor, set the title of the window, or write to the clipboard; a carriage return or a
//! backspace writes over what stands there; bidirectional controls show text in another order than it has. Such a
//! character is shown as a sign of its own and not left out, so that one sees that there was something. Joiners, emoji,
//! accents that combine and the direction marks of Arabic and Hebrew are text and stay.

/// Text as it may be shown: line breaks and tabs stay, other controls become `␛` and the like, or `�`.
pub fn for_terminal(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            // A line break of Windows is one.
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\t' => shown.push(c),
            '\0'..='\x1f' => shown.extend(char::from_u32(0x2400 + u32::from(c))),
            '\x7f' => shown.push('␡'),
            '\u{2028}' | '\u{2029}' => shown.push(' '),
            _ if is_obeyed(c) => shown.push('\u{fffd}'),
            _ => shown.push(c),
        }
    }
    shown
}

/// Words of others within a line of ours, which no line break of theirs may end.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// JSON of the same value in which no character is left that a terminal obeys. All of them stand within strings, as JSON
/// has none of them elsewhere.
pub fn json_for_terminal(json: String) -> String {
    if !json.contains(is_obeyed) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match is_obeyed(c) {
            true => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => escaped.push(c),
        }
    }
    escaped
}

/// What a terminal obeys, beyond the controls that JSON escapes anyway.
fn is_obeyed(c: char) -> bool {
    matches!(c, '\x7f'..='\u{9f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown_as_a_sign() {
        assert_eq!(for_terminal("\x1b]0;owned\x07\x1b[2Jfilm\u{9b}31m"), "␛]0;owned␇␛[2Jfilm\u{fffd}31m");
        assert_eq!(for_terminal("good\rbad\x08\x7f\0"), "good␍bad␈␡␀");
        assert_eq!(for_terminal("one\r\ntwo\tthree\u{2028}four"), "one\ntwo\tthree four");
        assert_eq!(for_terminal("a\u{202e}b\u{2066}c"), "a\u{fffd}b\u{fffd}c");
    }

    #[test]
    fn letters_of_all_scripts_stay() {
        let texts = [
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "👩\u{200d}👩\u{200d}👧 ❤\u{fe0f}",
            "e\u{301}té",
            "\u{200f}שלום\u{200e}",
            "日本",
        ];
        for text in texts {
            assert_eq!(for_terminal(text), text);
            assert_eq!(json_for_terminal(text.into()), text);
        }
    }

    #[test]
    fn json_keeps_its_value() {
        let value = serde_json::json!({"a\u{85}b": ["\u{202e}x\x7f\u{2029}", "\x1b[1m", "é👩\u{200d}👧"]});
        let json = json_for_terminal(value.to_string());
        assert!(!json.contains(|c: char| c.is_control() || is_obeyed(c)), "{json}");
        assert_eq!(serde_json::from_str(&json).ok(), Some(value));
    }
}
