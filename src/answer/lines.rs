//! Lines as models write them: headings, entries of lists, rows of tables, and prose.

/// What a line, or a piece of one, is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Line {
    Blank,
    /// The answer is over.
    End,
    /// A title over what follows.
    Heading(String),
    /// An entry of a list.
    Entry {
        text: String,
        /// Columns before its mark.
        indent: usize,
    },
    /// The cells of a row.
    Row(Vec<String>),
    /// Anything else.
    Prose {
        text: String,
        indent: usize,
    },
}

/// Bullets of all kinds.
const BULLETS: &str = "-*•・–—·▪◦‣●○►➤→+✓✔✅☑★☆👉👍👎🔹🔸➡▶";
/// What stands between a number and its text.
const AFTER_NUMBER: &str = ".)]:-–—、．）：】";
/// Words that come before a number.
const NUMBERED: [&str; 8] = ["edit", "action", "option", "idea", "suggestion", "change", "prompt", "direction"];
/// How an answer ends, in the languages of the world.
const ENDS: [&str; 15] = [
    "END",
    "STOP",
    "DONE",
    "End",
    "EOF",
    "END OF ANSWER",
    "END OF LIST",
    "ENDE",
    "FIN",
    "FIM",
    "FINE",
    "КОНЕЦ",
    "完",
    "結束",
    "끝",
];
/// Words of a heading.
const MOST_HEADING_WORDS: usize = 8;
/// Words of a heading that nothing marks but its name.
const MOST_NAME_WORDS: usize = 3;
/// Words of a label before a colon.
const MOST_LABEL_WORDS: usize = 5;

/// Reads one line, which may be a heading and what stands behind it. `is_name` knows the names of what was asked for.
pub(super) fn read(line: &str, is_name: &dyn Fn(&str) -> bool) -> Vec<Line> {
    let indent = line.chars().take_while(|c| c.is_whitespace()).map(|c| if c == '\t' { 4 } else { 1 }).sum();
    let line = line.trim().trim_start_matches('>').trim();
    if line.is_empty() || line.chars().all(|c| matches!(c, '-' | '=' | '*' | '_' | '~' | '…' | '.')) {
        return vec![Line::Blank];
    }
    if ENDS.contains(&line.trim_matches(|c: char| !c.is_alphabetic())) {
        return vec![Line::End];
    }
    if let Some(row) = row(line) {
        return vec![row];
    }
    let hashes = line.len() - line.trim_start_matches('#').len();
    if hashes > 0 && !line[hashes..].starts_with(|c: char| c.is_numeric()) {
        return titled(line[hashes..].trim_matches(['#', ' ']), indent, is_name);
    }
    match unmarked(line) {
        Some("") => vec![Line::Blank],
        Some(text) => entry(text, indent, !line.starts_with(|c| BULLETS.contains(c)), is_name),
        None => prose(line, indent, is_name),
    }
}

/// A text without emphasis around it or within it, and without quotes around it.
pub(super) fn plain(text: &str) -> String {
    let text: String = text.replace("__", "").chars().filter(|c| !matches!(c, '*' | '`')).collect();
    let mut text = text.trim();
    for (open, close) in [
        ('"', '"'),
        ('“', '”'),
        ('„', '“'),
        ('«', '»'),
        ('_', '_'),
        ('「', '」'),
        ('【', '】'),
        ('\'', '\''),
        ('‘', '’'),
    ] {
        let inner = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        text = inner.filter(|inner| !inner.contains(open)).unwrap_or(text).trim();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `label` and what follows it, for lines such as "Plot: Add a storm." and "[Plot] Add a storm."
pub(super) fn labelled(text: &str) -> Option<(&str, &str)> {
    let bracketed = text.strip_prefix(['[', '(', '【']).and_then(|rest| rest.split_once([']', ')', '】']));
    let marks = [":", "：", " -> ", " → ", " – ", " — ", " - "];
    let parted = || marks.iter().filter_map(|mark| text.split_once(mark)).min_by_key(|(label, _)| label.len());
    let (label, rest) = bracketed.or_else(parted)?;
    let is_short = label.split_whitespace().count() <= MOST_LABEL_WORDS && !label.contains(['.', '!', '?', ',']);
    (is_short && !label.trim().is_empty()).then(|| (label.trim(), rest.trim_start_matches([':', '-', '–', ' '])))
}

/// Whether a text ends as a sentence does.
pub(super) fn ends_sentence(text: &str) -> bool {
    text.trim_end_matches(['"', '”', '’', ')', '*', '»', '」'])
        .ends_with(['.', '!', '?', '。', '！', '？', '…', '।', ';'])
}

fn titled(title: &str, indent: usize, is_name: &dyn Fn(&str) -> bool) -> Vec<Line> {
    let title = plain(title);
    if title.starts_with("END_") {
        return vec![Line::Blank];
    }
    match labelled(&title).filter(|(label, rest)| is_name(label) && !rest.is_empty()) {
        Some((label, rest)) => vec![Line::Heading(label.to_owned()), Line::Prose { text: rest.to_owned(), indent }],
        None => vec![Line::Heading(name(&title).to_owned())],
    }
}

/// Behind a mark: an entry, with or without a label, or a heading that is numbered.
fn entry(text: &str, indent: usize, is_numbered: bool, is_name: &dyn Fn(&str) -> bool) -> Vec<Line> {
    if let Some((label, rest)) = bold_label(text) {
        let label = plain(label);
        return match (rest.is_empty(), is_name(&label)) {
            (true, _) => vec![Line::Heading(name(&label).to_owned())],
            (false, true) => vec![Line::Heading(label), Line::Entry { text: plain(rest), indent }],
            (false, false) => vec![Line::Entry { text: plain(rest), indent }],
        };
    }
    let plain = plain(text);
    let is_heading = plain.ends_with([':', '：']) && plain.split_whitespace().count() <= MOST_HEADING_WORDS
        || is_numbered && is_bare_name(&plain, is_name);
    if is_heading { vec![Line::Heading(name(&plain).to_owned())] } else { vec![Line::Entry { text: plain, indent }] }
}

/// Without a mark: a heading by its looks or by its name, a heading with a text behind it, or prose.
fn prose(line: &str, indent: usize, is_name: &dyn Fn(&str) -> bool) -> Vec<Line> {
    let text = plain(line);
    let words = text.split_whitespace().count();
    let is_title = words <= MOST_HEADING_WORDS && !ends_sentence(&text);
    let is_bold = line.starts_with("**") && line.trim_end_matches(':').ends_with("**")
        || line.starts_with('【') && line.ends_with('】');
    let is_loud =
        words <= 4 && text.chars().filter(|c| c.is_uppercase()).count() > 2 && !text.chars().any(char::is_lowercase);
    if is_title && (text.ends_with([':', '：']) || is_bold || is_loud || is_bare_name(&text, is_name)) {
        return vec![Line::Heading(name(&text).to_owned())];
    }
    let (label, rest) = bold_label(line)
        .map(|(label, rest)| (plain(label), plain(rest)))
        .or_else(|| labelled(&text).map(|(label, rest)| (label.to_owned(), rest.to_owned())))
        .or_else(|| numbered_label(&text))
        .unwrap_or_default();
    if label.is_empty() || !is_name(name(&label)) {
        return vec![Line::Prose { text, indent }];
    }
    let heading = Line::Heading(name(&label).to_owned());
    match unmarked(&rest) {
        Some(rest) => [vec![heading], entry(rest, indent, true, is_name)].concat(),
        None if rest.is_empty() => vec![heading],
        None => vec![heading, Line::Prose { text: rest, indent }],
    }
}

/// A title without pictures, brackets and counts around it: "🎬 Plot (3 edits):" is "Plot (3 edits)".
fn name(title: &str) -> &str {
    title.trim_matches(|c: char| !c.is_alphanumeric() && c != ')')
}

fn is_bare_name(text: &str, is_name: &dyn Fn(&str) -> bool) -> bool {
    text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count() <= MOST_NAME_WORDS
        && !ends_sentence(text)
        && !name(text).contains([':', '：'])
        && is_name(name(text))
}

/// "**label:** text" and "**label**: text".
fn bold_label(text: &str) -> Option<(&str, &str)> {
    let (label, rest) = text.strip_prefix("**")?.split_once("**")?;
    let inside = label.trim_end().ends_with([':', '：', '.']);
    let outside = rest.trim_start().strip_prefix([':', '：', '–', '—', '-']);
    let is_label = (inside || outside.is_some() || rest.trim().is_empty())
        && label.split_whitespace().count() <= MOST_HEADING_WORDS;
    is_label.then(|| (label, outside.unwrap_or(rest).trim()))
}

/// "Plot 1. text".
fn numbered_label(text: &str) -> Option<(String, String)> {
    let at = text.find(|c: char| c.is_ascii_digit())?;
    let label = text[..at].trim();
    (!label.is_empty() && after_number(&text[at..]).is_some()).then(|| (label.to_owned(), text[at..].to_owned()))
}

/// A row of a table, or nothing to read for the line between its head and its body.
fn row(line: &str) -> Option<Line> {
    let inner = line.strip_prefix('|')?;
    if inner.chars().all(|c| matches!(c, '|' | '-' | ':' | ' ')) {
        return Some(Line::Blank);
    }
    let cells = inner.trim_end_matches('|').split('|').map(plain);
    Some(Line::Row(cells.filter(|cell| !cell.is_empty()).collect()))
}

/// The text behind the mark of a list, if there is one.
pub(super) fn unmarked(line: &str) -> Option<&str> {
    let bare = line.trim_start_matches(['*', '_']);
    let number = after_number(bare).or_else(|| after_word_and_number(bare));
    if let Some(rest) = number {
        // "**1. Title**" has its emphasis around the number, "1. **Title**" behind it.
        return Some(if bare.len() < line.len() { rest.trim_end_matches(['*', '_']) } else { rest });
    }
    let mut chars = line.chars();
    let first = chars.next()?;
    let rest = chars.as_str().trim_start_matches('\u{fe0f}');
    let is_picture = !first.is_ascii() && !first.is_alphanumeric();
    if !BULLETS.contains(first) || !(rest.starts_with(char::is_whitespace) || is_picture && !rest.is_empty()) {
        return None;
    }
    let rest = rest.trim_start();
    let unticked = ["[ ]", "[x]", "[X]"].iter().find_map(|tick| rest.strip_prefix(tick)).map(str::trim_start);
    Some(unticked.or_else(|| after_number(rest)).unwrap_or(rest))
}

/// "1. text", "(1) text", "[1] text", "#1 text", "1️⃣ text", "①text", "a) text", "IV. text", "1.2 Text".
fn after_number(line: &str) -> Option<&str> {
    let opened = line.trim_start_matches(['(', '[', '<', '（', '#']);
    let first = opened.chars().next()?;
    if ('\u{2460}'..='\u{24ff}').contains(&first) || ('\u{2776}'..='\u{2793}').contains(&first) {
        return Some(opened[first.len_utf8()..].trim_start());
    }
    let digits: usize = opened.chars().take_while(|c| c.is_numeric()).map(char::len_utf8).sum();
    if digits == 0 {
        return after_letter(opened);
    }
    if opened[..digits].chars().count() > 3 {
        return None;
    }
    let rest = opened[digits..].trim_start_matches(['*', '_']);
    if line.starts_with('#') && rest.starts_with(' ') {
        return Some(rest.trim_start().trim_start_matches(|c: char| AFTER_NUMBER.contains(c)).trim_start());
    }
    if let Some(rest) = rest.strip_prefix('\u{20e3}') {
        return Some(rest.trim_start());
    }
    if let Some(nested) = rest.strip_prefix('.').and_then(|rest| rest.strip_prefix(|c: char| c.is_numeric())) {
        let nested = nested.trim_start_matches(|c: char| AFTER_NUMBER.contains(c));
        let text = nested.strip_prefix(' ')?.trim_start();
        return text.starts_with(char::is_uppercase).then_some(text);
    }
    let spaced = rest.trim_start();
    let end = spaced.chars().next().filter(|c| AFTER_NUMBER.contains(*c) || *c == '>')?;
    let after = &spaced[end.len_utf8()..];
    // "24-hour" and "16:9" are prose.
    let is_glued = matches!(end, '-' | ':' | '–') && !after.starts_with([' ', '*', '"']);
    let is_range =
        spaced.len() < rest.len() && matches!(end, '-' | '–' | '—') && after.trim_start().starts_with(char::is_numeric);
    (!is_glued && !is_range).then(|| after.trim_start_matches(|c: char| AFTER_NUMBER.contains(c)).trim_start())
}

fn after_letter(line: &str) -> Option<&str> {
    let end = line.find([')', '.'])?;
    let letters = &line[..end];
    let is_roman = !letters.is_empty() && letters.len() <= 4 && letters.chars().all(|c| "IVXivx".contains(c));
    let is_single =
        letters.chars().count() == 1 && letters.starts_with(char::is_alphabetic) && line[end..].starts_with(')');
    let rest = &line[end + 1..];
    ((is_roman || is_single) && rest.starts_with([' ', '*'])).then(|| rest.trim_start())
}

/// "Edit 3: text".
fn after_word_and_number(line: &str) -> Option<&str> {
    let (word, rest) = line.split_once(' ')?;
    let is_known = NUMBERED.contains(&word.to_lowercase().as_str());
    let rest = rest.trim_start();
    match is_known && rest.starts_with(|c: char| c.is_numeric() || c == '#') {
        true => {
            after_number(rest).or_else(|| rest.trim_start_matches('#').chars().all(|c| c.is_numeric()).then_some(""))
        }
        false => None,
    }
}
