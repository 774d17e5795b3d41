//! Catalogs are read from untrusted bytes: what is wrong is said with file and line, and nothing panics.

use aquiline::catalog::{Catalog, Item};
use aquiline::error::{DataError, Error};
use proptest::prelude::*;

const KITES: &str = r#"{"id":"kites","title":"Kites","plot":"Two sisters build kites."}"#;

fn jsonl(lines: &[&str]) -> Result<Catalog, Error> {
    Catalog::from_jsonl(lines.join("\n").as_bytes(), "my.jsonl")
}

/// A MovieLens file of these lines under the usual header.
fn csv(lines: &[&str]) -> Result<Catalog, Error> {
    let text = format!("movieId,title,genres,overview\n{}\n", lines.join("\n"));
    Catalog::from_movielens_csv(text.as_bytes(), "movies.csv")
}

fn item(id: &str, plot: &str) -> Item {
    Item {
        id: id.to_owned(),
        title: id.to_uppercase(),
        year: None,
        genres: Vec::new(),
        plot: plot.to_owned(),
        likes: Vec::new(),
        dislikes: Vec::new(),
    }
}

/// Asserts that something is malformed there, and gives the reason.
fn malformed_at(result: Result<Catalog, Error>, named: &str, numbered: u64) -> String {
    match result.unwrap_err() {
        Error::Data(DataError::Malformed { file, line, why }) => {
            assert_eq!((file.as_str(), line), (named, numbered), "{why}");
            why
        }
        other => panic!("not malformed, but {other:?}"),
    }
}

#[test]
fn every_key_of_a_jsonl_line_is_read() {
    let line = r#"{"id":"kites","title":"Kites","year":1984,"genres":["Drama","Family"],
        "plot":"Two sisters build kites.","likes":["the sky"],"dislikes":["the wait"]}"#;
    let catalog = jsonl(&[&line.replace('\n', " ")]).unwrap();
    let expected = Item {
        title: "Kites".to_owned(),
        year: Some(1984),
        genres: vec!["Drama".to_owned(), "Family".to_owned()],
        likes: vec!["the sky".to_owned()],
        dislikes: vec!["the wait".to_owned()],
        ..item("kites", "Two sisters build kites.")
    };
    assert_eq!(catalog.items(), [expected]);
}

#[test]
fn jsonl_lines_need_only_id_title_and_plot() {
    let catalog = jsonl(&[KITES]).unwrap();
    let kites = &catalog.items()[0];
    assert_eq!((kites.year, kites.genres.len(), kites.likes.len(), kites.dislikes.len()), (None, 0, 0, 0));
    let why = malformed_at(jsonl(&[r#"{"id":"kites","title":"Kites"}"#]), "my.jsonl", 1);
    assert!(why.contains("plot"), "{why}");
}

#[test]
fn unknown_keys_are_ignored() {
    let line = r#"{"id":"a","title":"A","plot":"P.","budget":{"euros":[1,2]},"Plot":"another"}"#;
    assert_eq!(jsonl(&[line]).unwrap().items()[0].plot, "P.");
}

#[test]
fn blank_lines_and_windows_line_ends_are_skipped() {
    let text = format!("\r\n{KITES}\r\n  \r\n{{\"id\":\"b\",\"title\":\"B\",\"plot\":\"P.\"}}\r\n");
    let catalog = Catalog::from_jsonl(text.as_bytes(), "my.jsonl").unwrap();
    assert_eq!(catalog.len(), 2);
    assert_eq!(catalog.index_of("b").unwrap(), 1);
}

#[test]
fn a_malformed_jsonl_line_is_named_with_its_file() {
    malformed_at(jsonl(&[KITES, "", "{\"id\":"]), "my.jsonl", 3);
    malformed_at(jsonl(&[KITES, "[1, 2]"]), "my.jsonl", 2);
    malformed_at(jsonl(&[r#"{"id":"a","title":"A","plot":"P.","year":"soon"}"#]), "my.jsonl", 1);
    malformed_at(jsonl(&[r#"{"id":"a","title":"A","plot":"P.","year":99999}"#]), "my.jsonl", 1);
    let message = jsonl(&[KITES, "{"]).unwrap_err().to_string();
    assert!(message.starts_with("my.jsonl, line 2: "), "{message}");
}

#[test]
fn text_that_is_not_utf_8_is_refused_with_its_line() {
    let bytes = [KITES.as_bytes(), b"\n{\"id\":\"b\",\"title\":\"caf\xe9\",\"plot\":\"P.\"}"].concat();
    malformed_at(Catalog::from_jsonl(&bytes, "my.jsonl"), "my.jsonl", 2);
    let bytes = b"movieId,title,genres,overview\n1,A,Drama,Kites.\n2,caf\xe9,Drama,Boats.\n";
    let why = malformed_at(Catalog::from_movielens_csv(bytes, "movies.csv"), "movies.csv", 3);
    assert!(why.contains("UTF-8"), "{why}");
}

#[test]
fn movielens_columns_are_found_by_name() {
    let text = "genres,tmdbId,overview,title,movieId\n\
                Drama|Family,9,\" Two sisters, one kite. \",Kites (1984),7\n\
                (no genres listed),8,Boats.,Boats,3\n";
    let catalog = Catalog::from_movielens_csv(text.as_bytes(), "movies.csv").unwrap();
    let kites = &catalog.items()[0];
    assert_eq!((kites.id.as_str(), kites.title.as_str(), kites.year), ("7", "Kites", Some(1984)));
    assert_eq!(kites.genres, ["Drama", "Family"]);
    assert_eq!(kites.plot, "Two sisters, one kite.");
    assert!(catalog.items()[1].genres.is_empty());
}

#[test]
fn a_year_at_the_end_of_a_title_is_taken_off() {
    for (title, name, year) in [
        ("Kites (1984)", "Kites", Some(1984)),
        ("Kites (1984) ", "Kites", Some(1984)),
        ("\"Kites, The (Los cometas) (1984)\"", "Kites, The (Los cometas)", Some(1984)),
        ("Kites", "Kites", None),
        ("(1984)", "(1984)", None),
        ("1984", "1984", None),
        ("Kites (the second)", "Kites (the second)", None),
        ("Kites (1984) again", "Kites (1984) again", None),
        ("Kites (2)", "Kites (2)", None),
    ] {
        let catalog = csv(&[&format!("1,{title},Drama,A plot.")]).unwrap();
        assert_eq!((catalog.items()[0].title.as_str(), catalog.items()[0].year), (name, year), "{title}");
    }
}

#[test]
fn a_column_of_years_wins_over_the_title() {
    let text = "movieId,title,year,genres,overview\n1,Kites (1984),1985,Drama,A.\n2,Boats (1990),,Drama,B.\n";
    let catalog = Catalog::from_movielens_csv(text.as_bytes(), "movies.csv").unwrap();
    let years: Vec<Option<u16>> = catalog.items().iter().map(|item| item.year).collect();
    assert_eq!(years, [Some(1985), Some(1990)]);
    assert_eq!(catalog.items()[0].title, "Kites");
}

#[test]
fn each_missing_column_is_named() {
    let columns = ["movieId", "title", "genres", "overview"];
    for missing in columns {
        let header: Vec<&str> = columns.into_iter().filter(|column| *column != missing).collect();
        let text = format!("{}\n1,2,3\n", header.join(","));
        let why = malformed_at(Catalog::from_movielens_csv(text.as_bytes(), "movies.csv"), "movies.csv", 1);
        assert!(why.contains(missing), "{why}");
    }
}

#[test]
fn a_csv_line_of_the_wrong_length_is_named() {
    let why = malformed_at(csv(&["1,A,Drama,Kites.", "2,B,Drama"]), "movies.csv", 3);
    assert_eq!(why, "3 fields where the header has 4");
}

#[test]
fn an_id_that_occurs_twice_is_refused() {
    let why = malformed_at(jsonl(&[KITES, KITES]), "my.jsonl", 2);
    assert!(why.contains("\"kites\" occurs twice"), "{why}");
    malformed_at(csv(&["1,A,Drama,Kites.", "2,B,Drama,Boats.", "1,C,Drama,Trains."]), "movies.csv", 4);
    malformed_at(Catalog::new([item("a", "Kites."), item("a", "Boats.")]), "catalog", 2);
    malformed_at(Catalog::new([item("a", ""), item("a", "Boats.")]), "catalog", 2);
    malformed_at(Catalog::new([item("a", "Kites."), item("a", "")]), "catalog", 2);
}

#[test]
fn an_item_without_text_is_kept_aside() {
    let catalog = csv(&["1,A,Drama,", "2,B,Drama,Boats.", "3,C,Drama,   "]).unwrap();
    assert_eq!(catalog.len(), 1);
    assert!(catalog.without_text().iter().eq(["1", "3"]));
    assert_eq!(catalog.index_of("2").unwrap(), 0);
}

#[test]
fn an_item_without_text_is_told_from_one_that_is_unknown() {
    let catalog = Catalog::new([item("kites", "Two sisters."), item("blank", " \n")]).unwrap();
    assert_eq!(catalog.index_of("blank").unwrap_err(), DataError::NoText { id: "blank".to_owned() }.into());
    assert_eq!(catalog.index_of("trains").unwrap_err(), DataError::UnknownItem { id: "trains".to_owned() }.into());
}

#[test]
fn a_catalog_without_any_text_is_empty() {
    let empty = Error::from(DataError::Empty { what: "the catalog" });
    assert_eq!(jsonl(&[]).unwrap_err(), empty);
    assert_eq!(jsonl(&[r#"{"id":"a","title":"A","plot":"  "}"#]).unwrap_err(), empty);
    assert_eq!(csv(&[]).unwrap_err(), empty);
    assert_eq!(csv(&["1,A,Drama,"]).unwrap_err(), empty);
    assert_eq!(Catalog::new([]).unwrap_err(), empty);
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Catalog::from_jsonl(&bytes, "my.jsonl");
        let _ = Catalog::from_movielens_csv(&bytes, "movies.csv");
    }

    /// Bytes after a good header reach the code that reads records.
    #[test]
    fn arbitrary_records_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let header = b"movieId,title,year,genres,overview\n".as_slice();
        let _ = Catalog::from_movielens_csv(&[header, &bytes].concat(), "movies.csv");
    }

    #[test]
    fn text_of_the_right_form_is_read_as_it_is(title in "[^\r\n]{0,30}", plot in "[^\r\n]{1,60}") {
        let original = Item { title, ..item("a", &format!("{plot}.")) };
        let line = serde_json::to_string(&original).unwrap();
        let catalog = jsonl(&[&line]).unwrap();
        prop_assert_eq!(catalog.items(), &[original]);
    }

    /// Quotes, commas and brackets in every place.
    #[test]
    fn titles_of_any_form_are_read_or_refused(title in "[ ()0-9,\"'a-z|é]{0,24}") {
        let _ = csv(&[&format!("1,{title},Drama,A plot.")]);
    }
}
