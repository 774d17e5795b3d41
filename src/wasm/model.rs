//! A language model as the page describes it.

use js_sys::Function;
use serde::Deserialize;

use super::browser::{BrowserClock, Fetch, PageModel};
use crate::client::{Client, ClientSettings, Remote, Speaker};
use crate::error::{NumericError, Result};
use crate::llm::budget::{Budget, Price};
use crate::llm::openai::Endpoint;
use crate::prompt::{Domain, Form, Prompts};

/// Everything about a model that is plain data.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ModelOptions {
    /// Where it is; without that the page holds it.
    #[serde(default)]
    endpoint: Option<Endpoint>,
    /// Its name, where the page holds it.
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    domain: Words,
    #[serde(default)]
    form: Form,
    #[serde(default)]
    constraints: Vec<String>,
    #[serde(default)]
    concurrency: Option<usize>,
    /// Milliseconds.
    #[serde(default)]
    timeout: Option<f64>,
    #[serde(default)]
    budget: Budget,
    #[serde(default)]
    price: Price,
    #[serde(default)]
    remember: bool,
    #[serde(default)]
    proposal_temperature: Option<f32>,
    #[serde(default)]
    rewrite_temperature: Option<f32>,
}

/// A kind of item, by name or in full.
#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    Named(KnownDomain),
    Given(Box<Domain>),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum KnownDomain {
    Films,
    Products,
    Items,
}

impl Default for Words {
    fn default() -> Self {
        Words::Named(KnownDomain::Films)
    }
}

impl ModelOptions {
    /// Whoever asks it. `call` gives the key of an endpoint, or is the model that the page holds.
    pub(super) fn speaker(self, call: Option<Function>) -> Result<Speaker> {
        let usual = ClientSettings::default();
        let settings = ClientSettings {
            concurrency: self.concurrency.unwrap_or(if self.endpoint.is_some() { usual.concurrency } else { 1 }),
            timeout: self.timeout.unwrap_or(usual.timeout),
            budget: self.budget,
            price: self.price,
            remembers: self.remember,
            ..usual
        };
        let client = match (self.endpoint, call) {
            (Some(endpoint), token) => {
                let model = endpoint.model.clone();
                Client::new(&model, Remote::new(endpoint, Fetch::new(token))?, BrowserClock, settings)?
            }
            (None, Some(call)) => {
                Client::new(self.model.as_deref().unwrap_or("page"), PageModel(call), BrowserClock, settings)?
            }
            (None, None) => {
                let why = "give an endpoint or a function";
                return Err(NumericError::BadSetting { what: "the language model", why }.into());
            }
        };
        let domain = match self.domain {
            Words::Named(KnownDomain::Films) => Domain::films(),
            Words::Named(KnownDomain::Products) => Domain::products(),
            Words::Named(KnownDomain::Items) => Domain::items(),
            Words::Given(domain) => *domain,
        };
        domain.check()?;
        let mut speaker = Speaker::new(client, Prompts { domain, form: self.form });
        speaker.constraints = self.constraints;
        speaker.proposal_temperature = self.proposal_temperature.unwrap_or(speaker.proposal_temperature);
        speaker.rewrite_temperature = self.rewrite_temperature.unwrap_or(speaker.rewrite_temperature);
        Ok(speaker)
    }
}
