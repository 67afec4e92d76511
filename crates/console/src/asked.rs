//! The time and the filter that every question has.

use dolmen_model::Time;
use dolmen_model::query::Query;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::problem::Problem;

/// The time and the filter, as they are typed.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AskedParams {
    /// From this instant on (RFC 3339); without it from the first line.
    pub(crate) from: Option<String>,
    /// To before this instant.
    pub(crate) to: Option<String>,
    /// A filter in the query language.
    #[serde(rename = "where")]
    pub(crate) filter: Option<String>,
}

/// The time and the filter.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) from: Time,
    pub(crate) to: Time,
    pub(crate) query: Query,
}

impl AskedParams {
    pub(crate) fn read(&self) -> Result<Asked, Problem> {
        let from = instant("from", self.from.as_deref())?.unwrap_or(Time::MIN);
        let to = instant("to", self.to.as_deref())?.unwrap_or(Time::MAX);
        if from >= to {
            return Err(Problem::bad("`from` must be before `to`"));
        }
        let query = Query::parse(self.filter.as_deref().unwrap_or_default())?;
        Ok(Asked { from, to, query })
    }
}

fn instant(key: &str, text: Option<&str>) -> Result<Option<Time>, Problem> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let instant: Timestamp = text.parse().map_err(|_| {
        Problem::bad(format!(
            "`{key}` is no instant: write it as in 2026-10-01T00:00:00Z, not `{text}`"
        ))
    })?;
    Ok(Some(Time::from_micros(instant.as_microsecond())))
}
