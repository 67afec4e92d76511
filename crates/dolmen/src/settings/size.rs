use std::fmt;

use serde::de::{Deserialize, Deserializer, Error};

/// A number of bytes, as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size(pub(super) u64);

const UNITS: [(&str, u32); 3] = [("KiB", 10), ("MiB", 20), ("GiB", 30)];

impl Size {
    fn parse(text: &str) -> Option<Self> {
        let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(unit_at);
        let (_, bits) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
        let bytes = number.parse::<u64>().ok()?.checked_mul(1 << bits)?;
        Some(Self(bytes))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits =
            |(_, bits): &&(&str, u32)| self.0 >= 1 << bits && self.0.is_multiple_of(1 << bits);
        match UNITS.iter().rev().find(fits) {
            Some((unit, bits)) => write!(f, "{} {unit}", self.0 >> bits),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "`{text}` is no size: write \"64 KiB\", \"16 MiB\" or \"1 GiB\""
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(Size::parse("64 KiB"), Some(Size(65_536)));
        assert_eq!(Size::parse("16MiB"), Some(Size(16 << 20)));
        assert_eq!(Size::parse("1 GiB"), Some(Size(1 << 30)));
        for wrong in ["", "16", "MiB", "16 MB", "1.5 GiB", "-1 KiB", "99999999999999 GiB"] {
            assert_eq!(Size::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Size(3 << 29).to_string(), "1536 MiB");
        assert_eq!(Size(1_000).to_string(), "1000 bytes");
    }
}
