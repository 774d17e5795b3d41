//! A language model behind an address, in the simulator's place, and the answers that it gives.

use std::path::{Path, PathBuf};

use aquiline::client::http::{Http, SystemClock};
use aquiline::client::{Client, ClientSettings, Remote, Speaker};
use aquiline::llm::budget::{Budget, Price};
use aquiline::llm::desk::CallRecord;
use aquiline::llm::openai::{Endpoint, LimitName};
use aquiline::prompt::{Domain, Form, Prompts};
use aquiline::rollout::transcript::Line;

use crate::answers::Answers;
use crate::cache::CacheArguments;
use crate::data::read;
use crate::failure::{Failure, Outcome};
use crate::lines::Lines;
use crate::values;

/// The name of the simulator, in the place of an address.
const SIMULATOR: &str = "simulator";

/// Which model, and how it is asked.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Language model")]
pub struct LlmArguments {
    /// Ask the model at this OpenAI-compatible address, such as http://localhost:11434/v1. "simulator" stands for
    /// hand-written sentences about films; the embedded films have it without being asked
    #[arg(long, value_name = "URL")]
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
    #[arg(long, value_name = "SECONDS", default_value_t = 120.0, value_parser = values::seconds)]
    timeout: f64,
    /// Stop at so many answers
    #[arg(long, value_name = "N", value_parser = values::count)]
    most_calls: Option<u64>,
    /// Stop at so many tokens
    #[arg(long, value_name = "N", value_parser = values::count)]
    most_tokens: Option<u64>,
    /// Stop at so much money; needs --price
    #[arg(long, value_name = "AMOUNT", requires = "price", value_parser = values::amount)]
    most_money: Option<f64>,
    /// Stop after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = values::seconds)]
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
    /// Keep every answer there as it comes, and ask nothing that it answers already: run a command again with it, and it
    /// goes on where it ended. A record of --transcript can be given, too
    #[arg(long, value_name = "FILE.jsonl", requires = "llm")]
    answers: Option<PathBuf>,
}

/// Who writes.
#[derive(Debug, Default)]
pub struct Writer {
    /// The language model, if it is one.
    pub speaker: Option<Speaker>,
    /// Whether the simulator was asked for by its name.
    pub simulator_by_name: bool,
    /// What the language model answers.
    pub answers: Option<Answers>,
}

impl LlmArguments {
    /// Whoever writes, in the words of `usual` where no others are given. A language model's answers are kept as they
    /// come, and all of its calls are written to the transcript.
    pub fn writer(&self, usual: Domain, cache: &CacheArguments, transcript: Option<&Lines>) -> Outcome<Writer> {
        let simulator_by_name = self.llm.as_deref() == Some(SIMULATOR);
        if simulator_by_name && (self.model.is_some() || self.answers.is_some()) {
            return Err(Failure::bad_input("the simulator is no language model: leave --model and --answers out"));
        }
        if self.llm.is_none() || simulator_by_name {
            return Ok(Writer { speaker: None, simulator_by_name, answers: None });
        }
        let mut answers = match &self.answers {
            Some(file) => Answers::in_file(file)?,
            None => Answers::in_cache(cache.folder()),
        };
        let Some(speaker) = self.speaker(usual, answers.is_named())? else {
            return Err(Failure::bad_input("--llm needs the name of a model there: give it with --model"));
        };
        answers.teach(speaker.client());
        let (kept, transcript) = (answers.clone(), transcript.cloned());
        speaker.client().on_call(move |call: &CallRecord| {
            kept.keep(call);
            transcript.iter().for_each(|lines| match call.reply {
                Some(_) => lines.append(&Line::Call(call)),
                None => lines.hold(&Line::Call(call)),
            });
        });
        Ok(Writer { speaker: Some(speaker), simulator_by_name, answers: Some(answers) })
    }

    /// The language model of a command that needs one.
    pub fn model(&self, usual: Domain, cache: &CacheArguments, needed: &str) -> Outcome<(Speaker, Answers)> {
        match self.writer(usual, cache, None)? {
            Writer { speaker: Some(speaker), answers: Some(answers), .. } => Ok((speaker, answers)),
            _ => Err(Failure::bad_input(needed).with_hint("name it with --llm and --model")),
        }
    }

    fn speaker(&self, usual: Domain, remembers: bool) -> Outcome<Option<Speaker>> {
        let (Some(url), Some(model)) = (&self.llm, &self.model) else { return Ok(None) };
        let endpoint = Endpoint {
            streaming: !self.no_stream,
            schemas: self.json_schema,
            temperature: !self.reasoning,
            limit: if self.reasoning { LimitName::MaxCompletionTokens } else { LimitName::MaxTokens },
            ..Endpoint::new(url, model)?
        };
        let remote = Remote::new(endpoint, Http::new(url, self.key()?)?)?;
        let client = Client::new(model, remote, SystemClock::default(), self.settings(remembers))?;
        let form = if self.json_schema { Form::Json } else { Form::Lines };
        Ok(Some(Speaker::new(client, Prompts { domain: self.domain(usual)?, form })))
    }

    /// Questions under way at once.
    pub fn concurrency(&self) -> usize {
        self.concurrency
    }

    fn settings(&self, remembers: bool) -> ClientSettings {
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
            remembers,
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
                let bytes = read(Path::new(file)).map_err(|failure| failure.with_hint(hint))?;
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
    let number = |text: &str| {
        let number = text.trim().parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
        number.ok_or_else(|| format!("{text} is no price: use numbers from 0, as in 0.15,0.6"))
    };
    Ok(Price { prompt: number(prompt)?, completion: number(completion)? })
}
