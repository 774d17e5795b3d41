//! How much may be spent on a language model, and how much has been.
//!
//! Every limit is hard. Before a request is sent, the most that it can cost is set aside ([`Ledger::hold`]); a request
//! for which that is not left is not sent. When its answer has come, what it really cost takes the place of what was set
//! aside ([`Ledger::settle`]); a request that was never answered costs nothing ([`Ledger::release`]). So requests that
//! are under way together cannot exceed a limit, and a retry is not charged twice.
//!
//! The most that a question can cost is one token for each of its bytes: no tokenizer in use makes more of it. Real
//! texts take a third or a quarter of that, so that a budget of tokens is used to within one request, not to the last.

use serde::{Deserialize, Serialize};

use super::{ChatRequest, Usage};
use crate::error::{LlmError, NumericError, Result};

/// Tokens that a chat template adds to a message at most.
const TEMPLATE_TOKENS: u64 = 16;
/// An answer of fewer tokens is of no use.
const LEAST_ANSWER: u64 = 16;
/// Bytes of a token of English, for answers whose tokens nobody counted.
const USUAL_TOKEN: usize = 4;

/// Limits; what is missing is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Budget {
    /// Requests that are answered.
    pub calls: Option<u64>,
    /// Tokens of questions and answers.
    pub tokens: Option<u64>,
    /// Money, in the currency of the price.
    pub money: Option<f64>,
    /// Milliseconds from the start.
    pub time: Option<f64>,
}

/// Money for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Price {
    /// Of questions.
    pub prompt: f64,
    /// Of answers.
    pub completion: f64,
}

/// What was, or may be, spent.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spent {
    /// Requests that were answered.
    pub calls: u64,
    /// Tokens of questions and answers.
    pub tokens: u64,
    /// Money.
    pub money: f64,
}

/// A budget while it is spent.
#[derive(Debug, Clone)]
pub struct Ledger {
    budget: Budget,
    price: Price,
    started: f64,
    spent: Spent,
    held: Spent,
}

/// What was set aside for one request. It must go back to its ledger, by `settle` or `release`.
#[derive(Debug, PartialEq)]
#[must_use = "what is set aside is lost until it is settled or released"]
pub struct Hold {
    /// Tokens that the answer may have: the request's own limit, or what the budget has left.
    pub max_tokens: u32,
    most: Spent,
}

impl Ledger {
    /// A budget of which nothing is spent. `now` is a time in milliseconds, on the clock of all later ones.
    ///
    /// # Errors
    /// [`NumericError::BadSetting`] for a limit or price below 0 or without a number, or a limit on money without a price.
    pub fn new(budget: Budget, price: Price, now: f64) -> Result<Self> {
        let numbers = [budget.money.unwrap_or(0.0), budget.time.unwrap_or(0.0), price.prompt, price.completion];
        if numbers.iter().any(|number| !number.is_finite() || *number < 0.0) {
            return Err(bad("a budget or price", "limits and prices are numbers of at least 0"));
        }
        if budget.money.is_some() && price == Price::default() {
            return Err(bad("a budget of money", "give the price of a million tokens with it"));
        }
        Ok(Ledger { budget, price, started: now, spent: Spent::default(), held: Spent::default() })
    }

    /// What requests usually cost, before any is asked: a question of four bytes a token, and half of the longest answer.
    pub fn estimate<'a>(&self, requests: impl IntoIterator<Item = &'a ChatRequest>) -> Spent {
        let usual = |request: &ChatRequest| Usage {
            prompt_tokens: most_tokens(request).div_ceil(USUAL_TOKEN as u64),
            completion_tokens: u64::from(request.max_tokens) / 2,
        };
        let cost = |usage: Usage| Spent { calls: 1, tokens: usage.total(), money: self.price.of(usage) };
        requests.into_iter().map(|request| cost(usual(request))).fold(Spent::default(), Spent::plus)
    }

    /// Sets aside the most that a request can cost.
    ///
    /// # Errors
    /// [`LlmError::Budget`], which names the limit, when there is not enough left.
    pub fn hold(&mut self, request: &ChatRequest, now: f64) -> std::result::Result<Hold, LlmError> {
        if self.time_left(now).is_some_and(|left| left <= 0.0) {
            return Err(LlmError::Budget { limit: "time" });
        }
        let taken = self.spent.plus(self.held);
        if self.budget.calls.is_some_and(|calls| taken.calls >= calls) {
            return Err(LlmError::Budget { limit: "calls" });
        }
        let prompt = most_tokens(request);
        let answer = self.affordable(prompt, u64::from(request.max_tokens), taken)?;
        let usage = Usage { prompt_tokens: prompt, completion_tokens: answer };
        let most = Spent { calls: 1, tokens: usage.total(), money: self.price.of(usage) };
        self.held = self.held.plus(most);
        Ok(Hold { max_tokens: u32::try_from(answer).unwrap_or(u32::MAX), most })
    }

    /// Whether there is too little for a request only because of what is set aside for others.
    pub fn is_held_up(&self, request: &ChatRequest, now: f64) -> bool {
        let mut alone = Ledger { held: Spent::default(), ..self.clone() };
        self.held.calls > 0 && self.clone().hold(request, now).is_err() && alone.hold(request, now).is_ok()
    }

    /// Charges what an answered request cost: what the model counted, else an estimate from the texts' lengths. A count
    /// above what was set aside is not believed: the answer was held to that, and a question has no more tokens than bytes.
    pub fn settle(&mut self, hold: Hold, request: &ChatRequest, answer: &str, usage: Option<Usage>) {
        let usage = usage.unwrap_or_else(|| Usage {
            prompt_tokens: most_tokens(request).div_ceil(USUAL_TOKEN as u64),
            completion_tokens: answer.len().div_ceil(USUAL_TOKEN) as u64,
        });
        let cost = Spent { calls: 1, tokens: usage.total(), money: self.price.of(usage) }.at_most(hold.most);
        self.release(hold);
        self.spent = self.spent.plus(cost);
    }

    /// Frees what was set aside for a request that got no answer.
    pub fn release(&mut self, hold: Hold) {
        self.held = self.held.less(hold.most);
    }

    /// What was spent so far.
    pub fn spent(&self) -> Spent {
        self.spent
    }

    /// Milliseconds that are left at the time `now`, if time is limited; below 0 when it is over.
    pub fn time_left(&self, now: f64) -> Option<f64> {
        self.budget.time.map(|time| self.started + time - now)
    }

    /// Tokens that an answer may have, at most `wanted`.
    fn affordable(&self, prompt: u64, wanted: u64, taken: Spent) -> std::result::Result<u64, LlmError> {
        let least = wanted.min(LEAST_ANSWER);
        let by_tokens = self
            .budget
            .tokens
            .map_or(wanted, |tokens| tokens.saturating_sub(taken.tokens).saturating_sub(prompt).min(wanted));
        if by_tokens < least || self.budget.tokens.is_some_and(|tokens| taken.tokens.saturating_add(prompt) > tokens) {
            return Err(LlmError::Budget { limit: "tokens" });
        }
        let Some(money) = self.budget.money else { return Ok(by_tokens) };
        let left = money - taken.money - self.price.of(Usage { prompt_tokens: prompt, completion_tokens: 0 });
        let by_money = match self.price.completion {
            price if price > 0.0 => (left * 1e6 / price).floor().max(0.0) as u64,
            _ => by_tokens,
        };
        if left < 0.0 || by_money < least {
            return Err(LlmError::Budget { limit: "money" });
        }
        Ok(by_tokens.min(by_money))
    }
}

impl Price {
    /// What an exchange costs.
    pub fn of(self, usage: Usage) -> f64 {
        (usage.prompt_tokens as f64 * self.prompt + usage.completion_tokens as f64 * self.completion) / 1e6
    }
}

impl Spent {
    fn plus(self, other: Spent) -> Spent {
        Spent {
            calls: self.calls.saturating_add(other.calls),
            tokens: self.tokens.saturating_add(other.tokens),
            money: self.money + other.money,
        }
    }

    /// The same so many times.
    pub(crate) fn times(self, count: usize) -> Spent {
        let count = count as u64;
        Spent {
            calls: self.calls.saturating_mul(count),
            tokens: self.tokens.saturating_mul(count),
            money: self.money * count as f64,
        }
    }

    fn at_most(self, other: Spent) -> Spent {
        Spent {
            calls: self.calls.min(other.calls),
            tokens: self.tokens.min(other.tokens),
            money: self.money.min(other.money),
        }
    }

    fn less(self, other: Spent) -> Spent {
        Spent {
            calls: self.calls.saturating_sub(other.calls),
            tokens: self.tokens.saturating_sub(other.tokens),
            money: (self.money - other.money).max(0.0),
        }
    }
}

/// Tokens that a question has at most.
fn most_tokens(request: &ChatRequest) -> u64 {
    let schema = request.schema.as_ref().map_or(0, |schema| schema.shape.to_json_schema().len() as u64);
    request.messages.iter().map(|message| message.content.len() as u64 + TEMPLATE_TOKENS).sum::<u64>() + schema
}

fn bad(what: &'static str, why: &'static str) -> crate::Error {
    NumericError::BadSetting { what, why }.into()
}
