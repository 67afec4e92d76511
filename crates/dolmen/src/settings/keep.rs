use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How long raw lines are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// So many days.
    Days(u32),
    /// For ever.
    Forever,
}

impl Keep {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "forever" {
            return Some(Self::Forever);
        }
        let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(unit_at);
        let days: u32 = match unit {
            "d" => 1,
            "w" => 7,
            "y" => 365,
            _ => return None,
        };
        let days = number.parse::<u32>().ok()?.checked_mul(days)?;
        (days > 0).then_some(Self::Days(days))
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => write!(f, "{days}d"),
            Self::Forever => f.write_str("forever"),
        }
    }
}

impl<'de> Deserialize<'de> for Keep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "`{text}` is no time to keep lines: write days \"400d\", weeks \"60w\", years \
                 \"2y\" or \"forever\""
            ))
        })
    }
}

impl Serialize for Keep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_weeks_years_and_for_ever() {
        assert_eq!(Keep::parse("400d"), Some(Keep::Days(400)));
        assert_eq!(Keep::parse("2w"), Some(Keep::Days(14)));
        assert_eq!(Keep::parse("3y"), Some(Keep::Days(1_095)));
        assert_eq!(Keep::parse("forever"), Some(Keep::Forever));
        for wrong in ["", "400", "d", "0d", "-1d", "1.5d", "400 d", "9999999999d", "4294967295y"] {
            assert_eq!(Keep::parse(wrong), None, "{wrong}");
        }
    }
}
