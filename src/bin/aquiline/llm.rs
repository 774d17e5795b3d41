//! A language model behind an address, in the simulator's place.

use std::path::PathBuf;

use aquiline::client::http::{Http, SystemClock};
use aquiline::client::{Client, ClientSettings, Remote, Speaker};
use aquiline::llm::budget::{Budget, Price};
use aquiline::llm::openai::{Endpoint, LimitName};
use aquiline::prompt::{Domain, Form, Prompts};

use crate::data::read;
use crate::failure::{Failure, Outcome};
use crate::values;

/// Which model, and how it is asked.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Language model")]
pub struct LlmArguments {
    /// Ask the model at this OpenAI-compatible address, such as http://localhost:11434/v1, instead of the simulator
    #[arg(long, value_name = "URL", requires = "model")]
    llm: Option<String>,
    /// The model's name there
    #[arg(long, value_name = "NAME", requires = "llm")]
    model: Option<String>,
    /// Send the key that this variable of the environment holds
    #[arg(long, value_name = "VARIABLE", requires = "llm")]
    key_env: Option<String>,
    /// Questions under way at once
    #[arg(long, value_name = "N", default_value_t = ClientSettings::default().concurrency, value_parser = values::positive)]
    concurrency: usize,
    /// Seconds that one attempt may take
    #[arg(long, value_name = "SECONDS", default_value_t = 120.0)]
    timeout: f64,
    /// Stop at so many answers
    #[arg(long, value_name = "N")]
    most_calls: Option<u64>,
    /// Stop at so many tokens
    #[arg(long, value_name = "N")]
    most_tokens: Option<u64>,
    /// Stop at so much money; needs --price
    #[arg(long, value_name = "AMOUNT", requires = "price")]
    most_money: Option<f64>,
    /// Stop after so many seconds
    #[arg(long, value_name = "SECONDS")]
    most_seconds: Option<f64>,
    /// Money for a million tokens of questions, and of answers
    #[arg(long, value_name = "IN,OUT", value_parser = price)]
    price: Option<Price>,
    /// Words of the catalog's kind: films, products, items (anything), or a JSON file [default: items for a file of
    /// one's own, films otherwise]
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    /// The server can hold answers to a JSON schema
    #[arg(long, requires = "llm")]
    json_schema: bool,
    /// Ask for answers in one piece
    #[arg(long, requires = "llm")]
    no_stream: bool,
    /// The server wants `max_completion_tokens`, as OpenAI does for its reasoning models, and no temperature
    #[arg(long, requires = "llm")]
    reasoning: bool,
}

impl LlmArguments {
    /// The model, where one is named, asked in the words of `usual` where no others are given.
    pub fn speaker(&self, usual: Domain) -> Outcome<Option<Speaker>> {
        let (Some(url), Some(model)) = (&self.llm, &self.model) else { return Ok(None) };
        let endpoint = Endpoint {
            streaming: !self.no_stream,
            schemas: self.json_schema,
            temperature: !self.reasoning,
            limit: if self.reasoning { LimitName::MaxCompletionTokens } else { LimitName::MaxTokens },
            ..Endpoint::new(url, model)?
        };
        let remote = Remote::new(endpoint, Http::new(url, self.key()?)?)?;
        let client = Client::new(model, remote, SystemClock::default(), self.settings())?;
        let form = if self.json_schema { Form::Json } else { Form::Lines };
        Ok(Some(Speaker::new(client, Prompts { domain: self.domain(usual)?, form })))
    }

    /// Questions under way at once.
    pub fn concurrency(&self) -> usize {
        self.concurrency
    }

    fn settings(&self) -> ClientSettings {
        let budget = Budget {
            calls: self.most_calls,
            tokens: self.most_tokens,
            money: self.most_money,
            time: self.most_seconds.map(|seconds| seconds * 1_000.0),
        };
        ClientSettings {
            concurrency: self.concurrency,
            timeout: self.timeout * 1_000.0,
            budget,
            price: self.price.unwrap_or_default(),
            ..ClientSettings::default()
        }
    }

    fn key(&self) -> Outcome<Option<String>> {
        let Some(name) = &self.key_env else { return Ok(None) };
        let missing = |_| Failure::bad_input(format!("the environment has no variable {name} with a key in it"));
        Ok(Some(std::env::var(name).map_err(missing)?.trim().to_owned()))
    }

    fn domain(&self, usual: Domain) -> Outcome<Domain> {
        match self.domain.as_deref() {
            None => Ok(usual),
            Some("films") => Ok(Domain::films()),
            Some("products") => Ok(Domain::products()),
            Some("items") => Ok(Domain::items()),
            Some(file) => {
                let hint = "give films, products, items, or a file of JSON to --domain";
                let bytes = read(&PathBuf::from(file)).map_err(|failure| failure.with_hint(hint))?;
                let malformed = |error| Failure::bad_input(format!("{file} does not describe a domain: {error}"));
                let domain: Domain = serde_json::from_slice(&bytes).map_err(malformed)?;
                domain.check()?;
                Ok(domain)
            }
        }
    }
}

fn price(text: &str) -> Result<Price, String> {
    let (prompt, completion) = text.split_once(',').ok_or("give two numbers with a comma, as in 0.15,0.6")?;
    let number = |text: &str| text.trim().parse::<f64>().map_err(|_| format!("{text} is no number"));
    Ok(Price { prompt: number(prompt)?, completion: number(completion)? })
}
