//! What models call the parts of an answer, in the languages that they answer in.
//!
//! Beginnings of words, lower case: a heading names a part when a word of it begins so. Scripts that do not part words
//! are searched anywhere.

use crate::action::Category;
use crate::prompt::{Domain, SECTIONS};

/// Letters that tell a domain's own name: "Thematic" means "Theme".
const TELLING: usize = 4;
/// Longer is no heading.
const MOST_WORDS: usize = 7;

/// Films' categories in other languages, in the order of [`Category::ALL`].
const CATEGORIES: [&[&str]; 5] = [
    &[
        "handlung",
        "intrigue",
        "trama",
        "argument",
        "enredo",
        "сюжет",
        "剧情",
        "情节",
        "プロット",
        "ストーリー",
        "줄거리",
        "플롯",
        "الحبكة",
        "حبكة",
        "कथा",
    ],
    &[
        "figur",
        "charak",
        "person",
        "персонаж",
        "геро",
        "人物",
        "角色",
        "キャラ",
        "登場人物",
        "인물",
        "캐릭터",
        "الشخص",
        "شخص",
        "पात्र",
    ],
    &[
        "bild",
        "imag",
        "визу",
        "изобр",
        "视觉",
        "画面",
        "ビジュ",
        "映像",
        "시각",
        "비주얼",
        "영상",
        "البصر",
        "المرئ",
        "दृश्य",
    ],
    &["tema", "thém", "thèm", "тем", "主题", "テーマ", "주제", "الموضوع", "موضوع", "विषय"],
    &[
        "publik",
        "públi",
        "publi",
        "pubbl",
        "zuschau",
        "zielg",
        "аудит",
        "зрит",
        "观众",
        "受众",
        "観客",
        "관객",
        "الجمهور",
        "جمهور",
        "दर्शक",
    ],
];
/// Sections of a film-goer's profile likewise.
const SECTION_NAMES: [&[&str]; SECTIONS] = [
    &[
        "gesamt",
        "insgesamt",
        "allgemein",
        "général",
        "genera",
        "visão",
        "общ",
        "总体",
        "整体",
        "全体",
        "総合",
        "전반",
        "عام",
        "कुल",
    ],
    &["géner", "gêner", "жанр", "类型", "ジャンル", "장르", "النوع", "शैली"],
    &[
        "regie",
        "réalis",
        "mise",
        "direcc",
        "direç",
        "regia",
        "режис",
        "导演",
        "演出",
        "監督",
        "연출",
        "감독",
        "الإخراج",
        "निर्देश",
    ],
    &["ästhet", "esthét", "estét", "estet", "эстет", "美学", "审美", "美的", "映像", "미학", "미적", "الجمال", "सौंद"],
    &[
        "sonst",
        "andere",
        "weiter",
        "autre",
        "otro",
        "otra",
        "outr",
        "altr",
        "друг",
        "проч",
        "其他",
        "其它",
        "その他",
        "기타",
        "أخرى",
        "अन्य",
    ],
];
const TEXTS: [&str; 26] = [
    "text",
    "plot",
    "description",
    "synopsis",
    "story",
    "summary",
    "overview",
    "rewrit",
    "handlung",
    "inhalt",
    "intrigue",
    "résumé",
    "trama",
    "argument",
    "sinopsis",
    "enredo",
    "сюжет",
    "剧情",
    "情节",
    "あらすじ",
    "ストーリー",
    "줄거리",
    "الحبكة",
    "القصة",
    "कथा",
    "कहानी",
];
const LIKES: [&str; 32] = [
    "like",
    "pro",
    "pros",
    "strength",
    "love",
    "enjoy",
    "positiv",
    "praise",
    "appeal",
    "gefällt",
    "pluspunkt",
    "stärke",
    "dafür",
    "aime",
    "forts",
    "gust",
    "favor",
    "pontos fortes",
    "нрав",
    "плюс",
    "достоин",
    "喜欢",
    "优点",
    "好き",
    "良い",
    "魅力",
    "좋",
    "장점",
    "الإعجاب",
    "إيجاب",
    "पसंद",
    "अच्छ",
];
const DISLIKES: [&str; 34] = [
    "dislike",
    "not like",
    "don't like",
    "con",
    "cons",
    "weakness",
    "hate",
    "drawback",
    "negativ",
    "would not",
    "criticism",
    "missfällt",
    "nicht",
    "minuspunkt",
    "schwäch",
    "dagegen",
    "n'aime",
    "pas aim",
    "faible",
    "no gust",
    "não",
    "en contra",
    "не нрав",
    "минус",
    "недостат",
    "不喜欢",
    "缺点",
    "嫌い",
    "悪い",
    "싫",
    "단점",
    "عدم",
    "سلب",
    "नापसंद",
];

/// A part of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Text,
    Likes,
    Dislikes,
}

/// The category that a heading names first.
pub(super) fn category(heading: &str, domain: &Domain) -> Option<Category> {
    let names = domain.categories.iter().map(|wording| wording.name.as_str());
    let place = first(heading, names.zip(CATEGORIES))?;
    Category::ALL.get(place).copied()
}

/// The section of a profile that a heading names first.
pub(super) fn section(heading: &str, domain: &Domain) -> Option<usize> {
    first(heading, domain.sections.iter().map(|wording| wording.name.as_str()).zip(SECTION_NAMES))
}

/// The part of an item that a heading names. Dislikes often contain a word for likes, and either may name the item.
pub(super) fn part(heading: &str, domain: &Domain) -> Option<Part> {
    let heading = readable(heading)?;
    let has = |stems: &[&str]| stems.iter().any(|stem| found(&heading, stem).is_some());
    match () {
        () if has(&DISLIKES) => Some(Part::Dislikes),
        () if has(&LIKES) => Some(Part::Likes),
        () if has(&TEXTS) || has(&[domain.text.to_lowercase().as_str()]) => Some(Part::Text),
        () => None,
    }
}

fn first<'a>(heading: &str, names: impl Iterator<Item = (&'a str, &'a [&'a str])>) -> Option<usize> {
    let heading = readable(heading)?;
    let places = names.enumerate().filter_map(|(place, (name, others))| {
        let own: String = name.to_lowercase().chars().take(TELLING).collect();
        let at =
            std::iter::once(own.as_str()).chain(others.iter().copied()).filter_map(|stem| found(&heading, stem)).min();
        at.map(|at| (at, place))
    });
    places.min().map(|(_, place)| place)
}

/// Lower case, straight apostrophes, and nothing but letters and spaces; none for what is too long for a heading.
fn readable(heading: &str) -> Option<String> {
    let lower = heading.to_lowercase().replace('’', "'");
    (lower.split_whitespace().count() <= MOST_WORDS && lower.chars().count() <= 60).then_some(lower)
}

/// Where a word of the heading begins with the stem.
fn found(heading: &str, stem: &str) -> Option<usize> {
    let is_letter = |c: char| c.is_alphanumeric() || c == '\'';
    let parts_words = !stem.chars().any(is_unspaced);
    let whole = stem.len() <= 4 && ["pro", "pros", "con", "cons"].contains(&stem);
    let begins = |at: &usize| {
        let before = heading[..*at].chars().next_back();
        let after = heading[at + stem.len()..].chars().next();
        (!parts_words || !before.is_some_and(is_letter)) && (!whole || !after.is_some_and(is_letter))
    };
    heading.match_indices(stem).map(|(at, _)| at).find(begins)
}

/// Of a script that does not part words by spaces, or glues articles to them.
pub(super) fn is_unspaced(c: char) -> bool {
    ('\u{2e80}'..='\u{9fff}').contains(&c)
        || ('\u{ac00}'..='\u{d7a3}').contains(&c)
        || ('\u{e00}'..='\u{e7f}').contains(&c)
}
