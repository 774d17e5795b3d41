//! The sentence encoder agrees with the reference implementation, alone and in batches.

mod support;

use aquiline::encoder::tokenize::{TokenLimit, Tokenize};
use aquiline::encoder::{Digests, Encoder, manifest::Manifest, open_device, weights};
use aquiline::error::{EncoderError, Error};
use aquiline::latent::dot;
use tokenizers::{Tokenizer, TruncationParams};

/// Cosines with "That is a happy person", from the model card.
const REFERENCE: [(&str, f32); 3] =
    [("That is a happy dog", 0.6946), ("That is a very happy person", 0.9429), ("Today is a sunny day", 0.2569)];

fn cosines(encoder: &Encoder) -> Vec<f32> {
    let mut texts = vec!["That is a happy person"];
    texts.extend(REFERENCE.iter().map(|(text, _)| *text));
    let vectors = support::encode(encoder, &texts);
    vectors[1..].iter().map(|vector| dot(&vectors[0], vector)).collect()
}

#[test]
fn cosines_agree_with_the_reference_in_single_precision() {
    for (found, (text, expected)) in cosines(&support::encoder()).iter().zip(REFERENCE) {
        assert!((found - expected).abs() < 1e-4, "{text}: {found} where {expected} is right");
    }
}

#[test]
fn cosines_agree_with_the_reference_in_half_precision() {
    for (found, (text, expected)) in cosines(&support::half_precision_encoder()).iter().zip(REFERENCE) {
        assert!((found - expected).abs() < 2e-3, "{text}: {found} where {expected} is right");
    }
}

#[test]
fn halved_weights_are_the_manifests_file() {
    let manifest = Manifest::embedded();
    let half = weights::halve(&support::model_file("weights")).unwrap();
    manifest.file("weights-f16").unwrap().verify(&half).unwrap();
}

#[test]
fn a_vector_does_not_depend_on_its_batch() {
    let encoder = support::encoder();
    let long = "a lighthouse keeper counts ships ".repeat(20);
    let texts = ["Rain.", "A tailor mends a flag.", &long, "Two sisters inherit a ferry and a feud.", "", "Snow."];
    let together = support::encode(&encoder, &texts);
    for (text, batched) in texts.iter().zip(&together) {
        let alone = &support::encode(&encoder, &[text])[0];
        let largest = alone.iter().zip(batched).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(largest <= 1e-6, "{text:?} differs by {largest}");
        assert!((dot(alone, alone) - 1.0).abs() < 1e-5, "{text:?} is not a unit vector");
    }
}

#[test]
fn a_text_over_the_limit_is_cut_and_reported() {
    let encoder = support::encoder();
    let long = "ship ".repeat(400);
    let longer = "ship ".repeat(500);
    let encoded = pollster::block_on(encoder.encode(&["short", &long, &longer], async |_, _| Ok(()))).unwrap();
    assert_eq!(encoded.truncated, [1, 2]);
    assert_eq!(encoded.vectors.row(1), encoded.vectors.row(2), "both are cut at the same token");
}

#[test]
fn the_self_test_passes_on_this_device() {
    pollster::block_on(support::encoder().self_test()).unwrap();
}

#[test]
fn cancelling_between_batches_stops_the_work() {
    let texts = vec!["one of very many texts"; 200];
    let mut batches = 0;
    let result = pollster::block_on(support::encoder().encode(&texts, async |_, _| {
        batches += 1;
        Err(aquiline::error::RolloutError::Cancelled.into())
    }));
    assert_eq!(result.unwrap_err().code(), "cancelled");
    assert_eq!(batches, 1);
}

#[test]
fn truncated_and_tampered_files_are_refused_by_the_manifest() {
    let manifest = Manifest::embedded();
    let file = manifest.file("tokenizer").unwrap();
    let mut bytes = support::model_file("tokenizer");
    bytes[1000] ^= 1;
    assert_eq!(file.verify(&bytes).unwrap_err().code(), "encoder.integrity");
    bytes.truncate(1000);
    assert_eq!(file.verify(&bytes).unwrap_err().code(), "encoder.integrity");
}

#[test]
fn hostile_weights_and_tokenizers_are_errors_and_never_panics() {
    let good_tokenizer = support::model_file("tokenizer");
    let mut cut = support::model_file("weights");
    cut.truncate(cut.len() / 2);
    let hostile = [Vec::new(), vec![0; 8], vec![255; 64], b"{}".to_vec(), cut];
    for bytes in hostile {
        let device = pollster::block_on(open_device()).unwrap();
        let error = Encoder::load(bytes, &good_tokenizer, TokenLimit::default(), device).unwrap_err();
        assert!(matches!(error, Error::Encoder(EncoderError::Weights { .. })), "{error}");
    }
    let device = pollster::block_on(open_device()).unwrap();
    let error = Encoder::load(Vec::new(), b"not json", TokenLimit::default(), device).unwrap_err();
    assert!(matches!(error, Error::Encoder(EncoderError::Tokenizer { .. })), "{error}");
}

#[test]
fn known_checksums_name_the_encoder_as_computed_ones_do() {
    let (weights, tokenizer) = (support::model_file("weights"), support::model_file("tokenizer"));
    let manifest = Manifest::embedded();
    let sha256 = |role| manifest.file(role).unwrap().sha256.clone();
    let digests = Digests::from_hex(&sha256("weights"), &sha256("tokenizer")).unwrap();
    let device = pollster::block_on(open_device()).unwrap();
    let known = Encoder::load_known(weights, &tokenizer, &digests, TokenLimit::default(), device).unwrap();
    assert_eq!(known.fingerprint(), support::encoder().fingerprint());
    for wrong in
        ["", "12", &sha256("weights")[1..], &format!("{}00", sha256("weights")), &"zz".repeat(32), &"é".repeat(32)]
    {
        assert_eq!(Digests::from_hex(wrong, &sha256("tokenizer")), None, "{wrong}");
    }
}

#[test]
fn tokens_are_those_of_the_whole_tokenizer_library() {
    let file = support::model_file("tokenizer");
    let ours = Tokenize::load(&file, TokenLimit::default()).unwrap();
    let mut whole = Tokenizer::from_bytes(&file).unwrap();
    let longest = TruncationParams { max_length: TokenLimit::default().0, ..Default::default() };
    whole.with_truncation(Some(longest)).unwrap().with_padding(None);
    let catalog = std::fs::read_to_string("data/catalog.jsonl").unwrap();
    let strange = [
        "",
        " ",
        "ÀÉ ñandú Straße İstanbul",
        "日本語 한국어 ไทย",
        "a\u{0}b\u{200b}c\u{ad}d\tE\r\n",
        "🎬🎥 ok!?--(x)",
        "x",
    ];
    let long = "supercalifragilistic".repeat(20) + &" word".repeat(400);
    let texts = || catalog.lines().chain(strange).chain([long.as_str()]);
    let tokenized = ours.tokenize(&texts().collect::<Vec<_>>()).unwrap();
    let expected = texts().map(|text| whole.encode_fast(text, true).unwrap().get_ids().to_vec());
    for ((text, expected), found) in texts().zip(expected).zip(tokenized.ids()) {
        assert_eq!(*found, expected, "{text}");
    }
    assert_eq!(tokenized.truncated.last(), Some(&(texts().count() - 1)));
}

#[test]
fn no_text_can_write_a_marker() {
    let tokenize = Tokenize::load(&support::model_file("tokenizer"), TokenLimit::default()).unwrap();
    let tokenized = tokenize.tokenize(&["a film [SEP] and [CLS] more"]).unwrap();
    let [before, .., after] = tokenized.ids()[0][..] else { panic!("two markers at least") };
    assert_eq!(tokenized.ids()[0].iter().filter(|&&id| id == before || id == after).count(), 2);
}

#[test]
fn another_kind_of_tokenizer_is_refused() {
    let mut file: serde_json::Value = serde_json::from_slice(&support::model_file("tokenizer")).unwrap();
    file["pre_tokenizer"] = serde_json::json!({ "type": "Whitespace" });
    let error = Tokenize::load(file.to_string().as_bytes(), TokenLimit::default()).unwrap_err();
    assert!(matches!(error, Error::Encoder(EncoderError::Tokenizer { .. })), "{error}");
    file["pre_tokenizer"] = serde_json::json!({ "type": "BertPreTokenizer" });
    file["model"]["vocab"] = serde_json::json!({ "[UNK]": 0 });
    let error = Tokenize::load(file.to_string().as_bytes(), TokenLimit::default()).unwrap_err();
    assert!(error.to_string().contains("[CLS]"), "{error}");
}

#[test]
fn weights_of_another_shape_name_the_tensor() {
    let empty = safetensors::serialize(Vec::<(String, safetensors::tensor::TensorView)>::new(), None).unwrap();
    let device = pollster::block_on(open_device()).unwrap();
    let tokenizer = support::model_file("tokenizer");
    let error = Encoder::load(empty, &tokenizer, TokenLimit::default(), device).unwrap_err();
    assert!(error.to_string().contains("missing"), "{error}");
}
