//! HTML and XML in answers, as the lines that they stand for.

/// Tags that only change how a text looks.
const INLINE: [&str; 11] = ["b", "i", "u", "em", "strong", "span", "mark", "small", "font", "a", "code"];
/// Tags that part lines and say nothing.
const BLOCKS: [&str; 14] =
    ["p", "br", "div", "ul", "ol", "table", "tbody", "thead", "body", "html", "section", "hr", "answer", "output"];
const ENTITIES: [(&str, &str); 7] =
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&apos;", "'"), ("&nbsp;", " "), ("&amp;", "&")];
/// Characters of a tag; what is longer is prose with a "<" in it.
const MOST_TAG: usize = 80;

/// A text without tags: `<li>` is a bullet, a row of a table a line, and any other name a heading.
pub(super) fn without_tags(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        match tag(rest) {
            Some((inner, after)) => {
                plain.push_str(&meant(inner));
                rest = after;
            }
            None => {
                plain.push('<');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    ENTITIES.iter().fold(plain, |text, (entity, sign)| text.replace(entity, sign))
}

/// What stands between the brackets of a tag, and what follows it.
fn tag(text: &str) -> Option<(&str, &str)> {
    let (inner, after) = text[1..].split_once('>')?;
    let name = inner.strip_prefix('/').unwrap_or(inner);
    let is_tag =
        inner.chars().count() <= MOST_TAG && name.starts_with(|c: char| c.is_alphabetic()) && !inner.contains('<');
    is_tag.then_some((inner, after))
}

fn meant(inner: &str) -> String {
    let closes = inner.starts_with('/');
    let inner = inner.trim_matches('/').trim();
    let (name, attributes) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
    let name = name.to_lowercase();
    if INLINE.contains(&name.as_str()) {
        return String::new();
    }
    if closes || BLOCKS.contains(&name.as_str()) {
        return "\n".into();
    }
    match name.as_str() {
        "li" => "\n- ".into(),
        "td" | "th" => " | ".into(),
        "tr" => "\n| ".into(),
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => "\n# ".into(),
        // A name of the answer's own, such as `<plot>` or `<edit category="Plot">`.
        _ => {
            let said: Vec<&str> = attributes.split('"').skip(1).step_by(2).collect();
            if said.is_empty() { format!("\n{name}:\n") } else { format!("\n{}:\n", said.join(" ")) }
        }
    }
}
