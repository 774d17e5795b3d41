//! Texts to token ids, cut at a stated limit, sorted by length, padded to few shapes.
//!
//! Of the tokenizer library only what BERT's tokenizers need is used: its general `Tokenizer` can be any tokenizer, and
//! brings regular expressions for it, a ninth of what the browser would download. Unlike that one this takes the words
//! `[CLS]` and `[SEP]` in a text for what they are there, words: no text can put markers where they do not belong.

use serde::Deserialize;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::bert::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{Model, Normalizer, OffsetType, PreTokenizedString, PreTokenizer};

use crate::error::{EncoderError, Result};

/// Lengths that batches are padded to, so that a GPU sees few shapes.
const LENGTHS: [usize; 12] = [16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 192, 256];
/// Texts of one batch times their padded length stay below this.
const TOKENS_PER_BATCH: usize = 1024;

/// Longest text in tokens, the two markers included; what is longer is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLimit(pub usize);

impl Default for TokenLimit {
    /// 256, the length the model was trained with.
    fn default() -> Self {
        TokenLimit(256)
    }
}

/// BERT's tokenizer with our truncation and without padding.
#[derive(Debug)]
pub struct Tokenize {
    parts: Parts,
    /// Before and after every text.
    markers: [u32; 2],
    limit: TokenLimit,
}

/// What is read of `tokenizer.json`. The type of each part is in the file, so that another tokenizer's is refused.
#[derive(Debug, Deserialize)]
struct Parts {
    normalizer: BertNormalizer,
    pre_tokenizer: BertPreTokenizer,
    model: WordPiece,
}

/// Token ids of many texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Tokenized {
    ids: Vec<Vec<u32>>,
    /// Indices of the texts that were cut.
    pub truncated: Vec<usize>,
}

/// Some texts padded to one shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Index of each text.
    pub texts: Vec<usize>,
    /// Rows, at least one for each text.
    pub rows: usize,
    /// Padded length.
    pub length: usize,
    /// Row-major [rows, length].
    pub ids: Vec<i32>,
    /// Row-major [rows, length]; 1 for a token, 0 for padding.
    pub mask: Vec<f32>,
}

impl Tokenize {
    /// Reads `tokenizer.json`.
    ///
    /// # Errors
    /// [`EncoderError::Tokenizer`].
    pub fn load(bytes: &[u8], limit: TokenLimit) -> Result<Self> {
        if !(3..=LENGTHS[LENGTHS.len() - 1]).contains(&limit.0) {
            return Err(tokenizer_error("the token limit must be between 3 and 256").into());
        }
        let parts: Parts = serde_json::from_slice(bytes).map_err(tokenizer_error)?;
        let marker = |name: &str| {
            parts.model.token_to_id(name).ok_or_else(|| tokenizer_error(format!("it has no marker {name}")))
        };
        Ok(Tokenize { markers: [marker("[CLS]")?, marker("[SEP]")?], parts, limit })
    }

    /// Tokenizes texts, markers included.
    ///
    /// # Errors
    /// [`EncoderError::Tokenizer`].
    pub fn tokenize<T: AsRef<str>>(&self, texts: &[T]) -> Result<Tokenized> {
        let mut tokenized = Tokenized { ids: Vec::with_capacity(texts.len()), truncated: Vec::new() };
        let (most, [before, after]) = (self.limit.0 - self.markers.len(), self.markers);
        for (index, text) in texts.iter().enumerate() {
            let words = self.words(text.as_ref()).map_err(tokenizer_error)?;
            if words.len() > most {
                tokenized.truncated.push(index);
            }
            let words = words.into_iter().take(most);
            tokenized.ids.push(std::iter::once(before).chain(words).chain([after]).collect());
        }
        Ok(tokenized)
    }

    fn words(&self, text: &str) -> tokenizers::Result<Vec<u32>> {
        let Parts { normalizer, pre_tokenizer, model } = &self.parts;
        let mut pieces = PreTokenizedString::from(text);
        pieces.normalize(|piece| normalizer.normalize(piece))?;
        pre_tokenizer.pre_tokenize(&mut pieces)?;
        pieces.tokenize(|piece| model.tokenize(piece.get()))?;
        Ok(pieces.into_encoding(None, 0, OffsetType::None)?.get_ids().to_vec())
    }

    /// Whether a text is longer than the limit. What cannot be tokenized is not; encoding it says so.
    pub fn is_truncated(&self, text: &str) -> bool {
        // A token has at least one byte.
        text.len() > self.limit.0 && self.tokenize(&[text]).is_ok_and(|tokenized| !tokenized.truncated.is_empty())
    }
}

impl Tokenized {
    /// The ids of each text, markers included.
    pub fn ids(&self) -> &[Vec<u32>] {
        &self.ids
    }

    /// Batches of texts of similar length, shortest first.
    pub fn batches(&self) -> Vec<Batch> {
        let mut order: Vec<usize> = (0..self.ids.len()).collect();
        crate::order::sort_by_key(&mut order, |&text| self.ids[text].len());
        let shapes = order.chunk_by(|&a, &b| padded(self.ids[a].len()) == padded(self.ids[b].len()));
        shapes.flat_map(|texts| self.batches_of_one_length(texts)).collect()
    }

    fn batches_of_one_length(&self, texts: &[usize]) -> Vec<Batch> {
        let length = padded(self.ids[texts[0]].len());
        let most = (TOKENS_PER_BATCH / length).max(1);
        texts.chunks(most).map(|texts| self.batch(texts, length)).collect()
    }

    fn batch(&self, texts: &[usize], length: usize) -> Batch {
        let rows = rows_for(texts.len());
        let mut batch =
            Batch { texts: texts.to_vec(), rows, length, ids: vec![0; rows * length], mask: vec![0.0; rows * length] };
        for row in 0..rows {
            // Rows that only fill the shape repeat the last text: an all-masked row has no mean.
            let ids = &self.ids[texts[row.min(texts.len() - 1)]];
            let start = row * length;
            for (place, &id) in (start..).zip(ids) {
                batch.ids[place] = id as i32;
                batch.mask[place] = 1.0;
            }
        }
        batch
    }
}

/// On a GPU every new shape costs a round of pipeline set-up, on a CPU a filled row costs as
/// much as a text; so only the GPU rounds up.
fn rows_for(texts: usize) -> usize {
    if cfg!(feature = "gpu") { texts.next_power_of_two() } else { texts }
}

/// Padding costs a CPU as much as tokens do.
fn padded(length: usize) -> usize {
    if cfg!(not(feature = "gpu")) {
        return length.next_multiple_of(4);
    }
    let fitting = LENGTHS.iter().find(|&&shape| shape >= length);
    *fitting.expect("truncation keeps every text within the longest shape")
}

fn tokenizer_error(why: impl ToString) -> EncoderError {
    EncoderError::Tokenizer { why: why.to_string() }
}
