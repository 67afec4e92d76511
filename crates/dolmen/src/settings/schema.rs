//! Which keys there are. Each section's keys are those of the type that reads it, so that no list
//! of them is kept by hand.

use dolmen_attribution::{ActorRule, EndpointRule, OperationRule, ServiceRule};
use dolmen_model::nearest;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::forward_to_deserialize_any;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::bus::{BusSection, ServiceSection};
use super::console::ConsoleSection;
use super::document::{Document, Step};
use super::file::{SourceSection, StoreSection};
use super::masking::MaskingSection;
use super::notify::NotifySection;
use super::problem::Problem;
use super::verdict::VerdictSection;
use super::watch::WatchSection;

/// Whether a section may be there once or many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Once,
    Many,
}

struct Section {
    name: &'static str,
    shape: Shape,
    keys: &'static [&'static str],
}

fn sections() -> [Section; 13] {
    let once = |name, keys| Section { name, shape: Shape::Once, keys };
    let many = |name, keys| Section { name, shape: Shape::Many, keys };
    [
        once("store", keys_of::<StoreSection>()),
        many("source", keys_of::<SourceSection>()),
        many("service", keys_of::<ServiceRule>()),
        many("actor", keys_of::<ActorRule>()),
        many("operation", keys_of::<OperationRule>()),
        many("endpoint", keys_of::<EndpointRule>()),
        once("attribution", &["trusted_proxies"]),
        once("watch", keys_of::<WatchSection>()),
        many("notify", keys_of::<NotifySection>()),
        once("console", keys_of::<ConsoleSection>()),
        once("masking", keys_of::<MaskingSection>()),
        once("verdict", keys_of::<VerdictSection>()),
        once("bus", keys_of::<BusSection>()),
    ]
}

/// Every key that dolmen does not know, and every section in the wrong brackets.
pub(super) fn check(document: &Document<'_>) -> Vec<Problem> {
    let sections = sections();
    let mut problems = Vec::new();
    check_bus_services(document, &mut problems);
    for (key, value) in document.table().iter() {
        let Some(section) = sections.iter().find(|section| key.get_ref() == section.name) else {
            let names: Vec<&str> = sections.iter().map(|section| section.name).collect();
            problems.push(unknown(document, key, &names, "at the top of the file"));
            continue;
        };
        match (section.shape, value.get_ref()) {
            (Shape::Once, DeValue::Table(table)) => {
                let place = format!("in [{}]", section.name);
                check_table(document, table, section.keys, &place, &mut problems);
            }
            (Shape::Many, DeValue::Array(tables)) => {
                let place = format!("in [[{}]]", section.name);
                for table in tables.iter() {
                    // What is no table is refused when it is read.
                    if let DeValue::Table(table) = table.get_ref() {
                        check_table(document, table, section.keys, &place, &mut problems);
                    }
                }
            }
            (Shape::Once, _) => {
                let message = format!("this is one section: write [{}]", section.name);
                problems.push(document.problem(key.span(), message));
            }
            (Shape::Many, _) => {
                let message =
                    format!("there may be several: write [[{}]], with two brackets", section.name);
                problems.push(document.problem(key.span(), message));
            }
        }
    }
    problems
}

/// `[[bus.service]]`, the one section inside another.
fn check_bus_services(document: &Document<'_>, problems: &mut Vec<Problem>) {
    let steps = [Step::Key("bus"), Step::Key("service")];
    match document.value(&steps).map(|value| (value, value.get_ref())) {
        Some((_, DeValue::Array(services))) => {
            for service in services.iter() {
                if let DeValue::Table(table) = service.get_ref() {
                    let keys = keys_of::<ServiceSection>();
                    check_table(document, table, keys, "in [[bus.service]]", problems);
                }
            }
        }
        Some((value, _)) => {
            let message = "there may be several: write [[bus.service]], with two brackets";
            problems.push(document.problem(value.span(), message));
        }
        None => {}
    }
}

fn check_table(
    document: &Document<'_>,
    table: &DeTable<'_>,
    keys: &[&'static str],
    place: &str,
    problems: &mut Vec<Problem>,
) {
    for (key, _) in table.iter() {
        if !keys.contains(&key.get_ref().as_ref()) {
            problems.push(unknown(document, key, keys, place));
        }
    }
}

fn unknown(
    document: &Document<'_>,
    key: &Spanned<impl AsRef<str>>,
    known: &[&str],
    place: &str,
) -> Problem {
    let name = key.get_ref().as_ref();
    let advice = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", known.join(", ")),
    };
    document.problem(key.span(), format!("there is no key `{name}` {place}; {advice}"))
}

/// The names of a struct's fields, as it is read: what its `Deserialize` asks a deserializer for.
fn keys_of<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    struct Probe<'k>(&'k mut &'static [&'static str]);

    impl<'de> Deserializer<'de> for Probe<'_> {
        type Error = serde::de::value::Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(Error::custom("only asked for its keys"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Self::Error> {
            *self.0 = fields;
            self.deserialize_any(visitor)
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
            option unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier
            ignored_any
        }
    }

    let mut keys: &'static [&'static str] = &[];
    // It fails by design, after it has said what it wants.
    let _ = T::deserialize(Probe(&mut keys));
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_has_keys() {
        for section in sections() {
            assert!(!section.keys.is_empty(), "{}", section.name);
        }
        assert!(keys_of::<ActorRule>().contains(&"user_agent"));
        assert!(keys_of::<SourceSection>().contains(&"holds"));
    }
}
