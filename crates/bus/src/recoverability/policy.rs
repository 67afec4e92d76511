use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use crate::topology::{NameError, check_name};

use super::delays::{Delays, Growth, LONGEST_DELAY, SHORTEST_DELAY};

/// More deliveries than this and the broker's own delivery limit would come first.
const MOST_ATTEMPTS: u32 = 1000;

/// Where a message goes after its wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Return {
    /// To the service that failed, and to no other.
    #[default]
    Service,
    /// To the topic exchange, as if published again: every subscriber receives it once more. The
    /// association's first way, kept so that its limit can be shown.
    Exchange,
}

/// A policy as somebody wrote it: `retry = { delays = ["30m"], attempts = 10 }`. What is not said
/// has the defaults of [`Policy::default`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicySettings {
    /// How many deliveries at most, the first included: 1 to 1000.
    pub attempts: Option<u32>,
    /// The delays before the retries (`"10s"`, `"1h 30m"`), each 1 s to 24 h; the last repeats.
    pub delays: Option<Vec<String>>,
    /// Or the first of delays that grow.
    pub first: Option<String>,
    /// By what each delay is longer than the one before: more than 1; 2 when not said.
    pub factor: Option<f64>,
    /// What no growing delay exceeds; 24 h when not said.
    pub ceiling: Option<String>,
    /// Which share of a growing delay is left to chance, 0 to 1; 0.2 when not said.
    pub jitter: Option<f64>,
    /// No attempt later than this after the first failure.
    pub within: Option<String>,
    /// The service that gets the message instead of the hardfail that ends a row of softfails.
    pub fallback: Option<String>,
    /// Where a message goes after its wait.
    #[serde(rename = "return")]
    pub back: Option<Return>,
    /// After how many different messages in a row that fail for availability the service pauses;
    /// 0 means never.
    pub outage_after: Option<u32>,
    /// How long after the pause the first probe comes; doubled after each that fails, up to 5 min.
    pub probe_after: Option<String>,
}

/// When and how often a service tries again. It can be followed: what could not was refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    attempts: u32,
    delays: Delays,
    within: Option<Duration>,
    fallback: Option<String>,
    back: Return,
    outage_after: Option<u32>,
    probe_after: Duration,
}

/// Why a policy cannot be followed.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum PolicyError {
    /// No delivery at all, or more than the broker allows.
    #[error("attempts = {0}: a message has 1 to {MOST_ATTEMPTS} deliveries, the first included")]
    Attempts(u32),
    /// There is a retry and no delay before it.
    #[error("delays = []: there is no delay for the retries; give one, or attempts = 1")]
    NoDelay,
    /// A text that is no duration.
    #[error("{setting} = {value:?} is no duration: write \"30m\", \"10s\", \"1h 30m\"")]
    Duration {
        /// The setting.
        setting: &'static str,
        /// What was written.
        value: String,
    },
    /// A delay that is too short or too long.
    #[error("{setting} = {value:?}: a wait lasts 1 s to 24 h")]
    Bounds {
        /// The setting.
        setting: &'static str,
        /// The delay, as it was written.
        value: String,
    },
    /// Delays that would never be used.
    #[error("{delays} delays but {attempts} attempts: only {} waits can happen", attempts - 1)]
    TooManyDelays {
        /// How many delays there are.
        delays: usize,
        /// How many attempts there are.
        attempts: u32,
    },
    /// Both a list and growing delays.
    #[error("`delays` and `{0}` exclude each other: a list, or `first` with what grows from it")]
    ListAndGrowth(&'static str),
    /// Growth without a start.
    #[error("`{0}` says how delays grow, but `first` is missing")]
    NoFirst(&'static str),
    /// A factor that does not grow.
    #[error("factor = {0}: delays grow by a factor of more than 1 and at most 100")]
    Factor(f64),
    /// A share that is none.
    #[error("jitter = {0}: a share between 0 and 1")]
    Jitter(f64),
    /// The ceiling is below the first delay.
    #[error("ceiling = {ceiling:?} is below first = {first:?}")]
    Ceiling {
        /// The ceiling.
        ceiling: Duration,
        /// The first delay.
        first: Duration,
    },
    /// The limit leaves no time for the first retry.
    #[error("within = {within:?} ends before the first retry, which comes after {first:?}")]
    Within {
        /// The limit.
        within: Duration,
        /// The first delay.
        first: Duration,
    },
    /// The service would forward to itself.
    #[error("fallback = {0:?} is the service itself")]
    FallbackToItself(String),
    /// The fallback can be no service.
    #[error("fallback: {0}")]
    Fallback(NameError),
}

impl Default for Policy {
    /// The rule of ten: ten deliveries, 30 minutes between them.
    fn default() -> Self {
        Self {
            attempts: 10,
            delays: Delays::List(vec![Duration::from_secs(30 * 60)]),
            within: None,
            fallback: None,
            back: Return::Service,
            outage_after: Some(20),
            probe_after: Duration::from_secs(5),
        }
    }
}

impl Policy {
    /// A policy for `service` from what was written.
    pub fn build(settings: &PolicySettings, service: &str) -> Result<Self, PolicyError> {
        let default = Self::default();
        let attempts = settings.attempts.unwrap_or(default.attempts);
        if !(1..=MOST_ATTEMPTS).contains(&attempts) {
            return Err(PolicyError::Attempts(attempts));
        }
        let delays = delays(settings, attempts)?.unwrap_or(default.delays);
        let within = settings.within.as_deref().map(|text| duration("within", text)).transpose()?;
        let first = delays.before(2, 0);
        if let Some(within) = within.filter(|&within| within < first && attempts > 1) {
            return Err(PolicyError::Within { within, first });
        }
        if let Some(fallback) = settings.fallback.as_ref().filter(|&name| name == service) {
            return Err(PolicyError::FallbackToItself(fallback.clone()));
        }
        if let Some(fallback) = &settings.fallback {
            check_name(fallback).map_err(PolicyError::Fallback)?;
        }
        let probe_after = match &settings.probe_after {
            Some(text) => delay("probe_after", text)?,
            None => default.probe_after,
        };
        Ok(Self {
            attempts,
            delays,
            within,
            fallback: settings.fallback.clone(),
            back: settings.back.unwrap_or_default(),
            outage_after: match settings.outage_after {
                Some(0) => None,
                Some(count) => Some(count),
                None => default.outage_after,
            },
            probe_after,
        })
    }

    /// How many deliveries at most, the first included.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How long a message waits before each retry.
    pub fn delays(&self) -> &Delays {
        &self.delays
    }

    /// No attempt later than this after the first failure.
    pub fn within(&self) -> Option<Duration> {
        self.within
    }

    /// The service that gets the message instead of the hardfail that ends a row of softfails.
    pub fn fallback(&self) -> Option<&str> {
        self.fallback.as_deref()
    }

    /// Where a message goes after its wait.
    pub fn back(&self) -> Return {
        self.back
    }

    /// After how many different messages that fail for availability the service pauses.
    pub fn outage_after(&self) -> Option<u32> {
        self.outage_after
    }

    /// How long after the pause the first probe comes.
    pub fn probe_after(&self) -> Duration {
        self.probe_after
    }

    /// Every delay that the policy names, for a transport that prepares them.
    pub fn named_delays(&self) -> Vec<Duration> {
        match &self.delays {
            Delays::List(list) => list.clone(),
            Delays::Growing(growth) => vec![growth.first, growth.ceiling],
        }
    }
}

fn delays(settings: &PolicySettings, attempts: u32) -> Result<Option<Delays>, PolicyError> {
    let growth = [
        ("first", settings.first.is_some()),
        ("factor", settings.factor.is_some()),
        ("ceiling", settings.ceiling.is_some()),
        ("jitter", settings.jitter.is_some()),
    ];
    let grows = growth.iter().find(|(_, said)| *said).map(|(name, _)| *name);
    match (&settings.delays, grows) {
        (Some(_), Some(name)) => Err(PolicyError::ListAndGrowth(name)),
        (Some(list), None) => self::list(list, attempts).map(Some),
        (None, Some(name)) => growing(settings, name).map(Some),
        (None, None) => Ok(None),
    }
}

fn list(texts: &[String], attempts: u32) -> Result<Delays, PolicyError> {
    if texts.is_empty() && attempts > 1 {
        return Err(PolicyError::NoDelay);
    }
    if attempts > 1 && texts.len() > attempts as usize - 1 {
        return Err(PolicyError::TooManyDelays { delays: texts.len(), attempts });
    }
    let list = texts.iter().map(|text| delay("delays", text)).collect::<Result<_, _>>()?;
    Ok(Delays::List(list))
}

fn growing(settings: &PolicySettings, said: &'static str) -> Result<Delays, PolicyError> {
    let Some(first) = &settings.first else { return Err(PolicyError::NoFirst(said)) };
    let first = delay("first", first)?;
    let ceiling = match &settings.ceiling {
        Some(text) => delay("ceiling", text)?,
        None => LONGEST_DELAY,
    };
    if ceiling < first {
        return Err(PolicyError::Ceiling { ceiling, first });
    }
    let factor = settings.factor.unwrap_or(2.0);
    // Written so that NaN is refused too.
    if !(factor > 1.0 && factor <= 100.0) {
        return Err(PolicyError::Factor(factor));
    }
    let jitter = settings.jitter.unwrap_or(0.2);
    if !(0.0..=1.0).contains(&jitter) {
        return Err(PolicyError::Jitter(jitter));
    }
    Ok(Delays::Growing(Growth { first, factor, ceiling, jitter }))
}

fn delay(setting: &'static str, text: &str) -> Result<Duration, PolicyError> {
    let value = duration(setting, text)?;
    if !(SHORTEST_DELAY..=LONGEST_DELAY).contains(&value) {
        return Err(PolicyError::Bounds { setting, value: text.to_owned() });
    }
    Ok(value)
}

fn duration(setting: &'static str, text: &str) -> Result<Duration, PolicyError> {
    let parsed = text.parse::<jiff::SignedDuration>().ok();
    parsed
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| PolicyError::Duration { setting, value: text.to_owned() })
}
