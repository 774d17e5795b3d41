//! Texts to token ids, cut at a stated limit, sorted by length, padded to few shapes.

use tokenizers::{Tokenizer, TruncationParams};

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

/// The tokenizer with our truncation and without its own padding.
#[derive(Debug)]
pub struct Tokenize {
    tokenizer: Tokenizer,
    limit: TokenLimit,
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
        let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(tokenizer_error)?;
        let truncation = TruncationParams { max_length: limit.0, ..Default::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(tokenizer_error)?;
        tokenizer.with_padding(None);
        Ok(Tokenize { tokenizer, limit })
    }

    /// Tokenizes texts, markers included.
    ///
    /// # Errors
    /// [`EncoderError::Tokenizer`].
    pub fn tokenize<T: AsRef<str>>(&self, texts: &[T]) -> Result<Tokenized> {
        let mut tokenized = Tokenized { ids: Vec::with_capacity(texts.len()), truncated: Vec::new() };
        for (index, text) in texts.iter().enumerate() {
            let encoding = self.tokenizer.encode_fast(text.as_ref(), true).map_err(tokenizer_error)?;
            if !encoding.get_overflowing().is_empty() {
                tokenized.truncated.push(index);
            }
            tokenized.ids.push(encoding.get_ids().to_vec());
        }
        Ok(tokenized)
    }

    /// Whether a text is longer than the limit. What cannot be tokenized is not; encoding it says so.
    pub fn is_truncated(&self, text: &str) -> bool {
        // A token has at least one byte.
        text.len() > self.limit.0 && self.tokenize(&[text]).is_ok_and(|tokenized| !tokenized.truncated.is_empty())
    }
}

impl Tokenized {
    /// Batches of texts of similar length, shortest first.
    pub fn batches(&self) -> Vec<Batch> {
        let mut order: Vec<usize> = (0..self.ids.len()).collect();
        order.sort_by_key(|&text| self.ids[text].len());
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
