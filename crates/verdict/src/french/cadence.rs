//! Rhythms in French, as they go on after « appelle ».

use crate::cadence::{Cadence, DayRule, Hours, OfMonth};

const WEEKDAYS: [&str; 7] =
    ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
pub(super) const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// A rhythm: « chaque jour à 02:00 ».
pub(crate) fn cadence(cadence: &Cadence) -> String {
    match *cadence {
        Cadence::Once => "vu une fois".to_owned(),
        Cadence::Irregular { days, hours } => format!("irrégulier{}", within(days, hours)),
        Cadence::Every { seconds, days, hours } => {
            let period = match seconds {
                60 => "chaque minute".to_owned(),
                3_600 => "chaque heure".to_owned(),
                seconds if seconds % 3_600 == 0 => format!("toutes les {} heures", seconds / 3_600),
                seconds => format!("toutes les {} minutes", seconds / 60),
            };
            format!("{period}{}", within(days, hours))
        }
        Cadence::Days { rule, at: None } => rule_of_days(rule),
        Cadence::Days { rule, at: Some(at) } => {
            format!("{} à {:02}:{:02}", rule_of_days(rule), at / 3_600, at % 3_600 / 60)
        }
    }
}

/// The days and hours that calls keep to, where they do.
fn within(days: DayRule, hours: Option<Hours>) -> String {
    let days = match days {
        DayRule::DAILY => String::new(),
        DayRule::WORKDAYS => ", les jours ouvrés".to_owned(),
        days => format!(", {}", rule_of_days(days)),
    };
    hours.map_or_else(|| days.clone(), |hours| format!("{days}, {hours}"))
}

fn rule_of_days(rule: DayRule) -> String {
    match rule {
        DayRule::DAILY => "chaque jour".to_owned(),
        DayRule::WORKDAYS => "chaque jour ouvré".to_owned(),
        DayRule::Weekdays(mask) => {
            let days: Vec<&str> =
                (0..7).filter(|at| mask >> at & 1 == 1).map(|at| named(&WEEKDAYS, at)).collect();
            match days.as_slice() {
                [first @ .., last] if !first.is_empty() => {
                    format!("chaque {} et {last}", first.join(", "))
                }
                days => format!("chaque {}", days.concat()),
            }
        }
        // The day 0 of 1970 was a Thursday.
        DayRule::Interval { days: 14, phase } => {
            format!("un {} sur deux", named(&WEEKDAYS, (phase + 3) % 7))
        }
        DayRule::Interval { days, .. } => format!("tous les {days} jours"),
        DayRule::Months { every: 1, day, .. } => format!("le {} du mois", of_month(day)),
        DayRule::Months { every: 3, month, day } => match (month, day) {
            (2, OfMonth::Last) => "le dernier jour du trimestre".to_owned(),
            (0, day) => format!("le {} du trimestre", of_month(day)),
            (month, day) => format!("le {} du {}e mois du trimestre", of_month(day), month + 1),
        },
        DayRule::Months { every: 12, month, day } => {
            format!("chaque année, le {}", on(day, month))
        }
        DayRule::Months { every, month, day } => {
            format!("le {}, tous les {every} mois", on(day, month))
        }
    }
}

/// « 3 mai », « dernier jour d’avril ».
fn on(day: OfMonth, month: u8) -> String {
    let name = named(&MONTHS, month);
    match day {
        OfMonth::Day(_) => format!("{} {name}", of_month(day)),
        day if name.starts_with(['a', 'o']) => format!("{} d’{name}", of_month(day)),
        day => format!("{} de {name}", of_month(day)),
    }
}

fn of_month(day: OfMonth) -> String {
    match day {
        OfMonth::Day(1) => "1er".to_owned(),
        OfMonth::Day(number) => number.to_string(),
        OfMonth::Last => "dernier jour".to_owned(),
        OfMonth::Nth(nth, weekday) => {
            let nth =
                ["premier", "deuxième", "troisième", "quatrième"][usize::from(nth.clamp(1, 4) - 1)];
            format!("{nth} {}", named(&WEEKDAYS, weekday))
        }
        OfMonth::LastWeekday(weekday) => format!("dernier {}", named(&WEEKDAYS, weekday)),
        OfMonth::FirstWorkday => "premier jour ouvré".to_owned(),
        OfMonth::LastWorkday => "dernier jour ouvré".to_owned(),
    }
}

fn named(names: &[&'static str], at: u8) -> &'static str {
    names.get(usize::from(at)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_like_a_sentence() {
        let months = |every, month, day| DayRule::Months { every, month, day };
        for (rule, text) in [
            (DayRule::DAILY, "chaque jour"),
            (DayRule::WORKDAYS, "chaque jour ouvré"),
            (DayRule::Weekdays(0b101), "chaque lundi et mercredi"),
            (DayRule::Weekdays(0b10101), "chaque lundi, mercredi et vendredi"),
            (DayRule::Interval { days: 14, phase: 4 }, "un lundi sur deux"),
            (DayRule::Interval { days: 10, phase: 0 }, "tous les 10 jours"),
            (months(1, 0, OfMonth::Day(1)), "le 1er du mois"),
            (months(1, 0, OfMonth::Nth(1, 0)), "le premier lundi du mois"),
            (months(3, 2, OfMonth::Last), "le dernier jour du trimestre"),
            (months(3, 1, OfMonth::Day(5)), "le 5 du 2e mois du trimestre"),
            (months(12, 4, OfMonth::Day(3)), "chaque année, le 3 mai"),
            (months(12, 3, OfMonth::Last), "chaque année, le dernier jour d’avril"),
            (
                months(6, 0, OfMonth::LastWeekday(4)),
                "le dernier vendredi de janvier, tous les 6 mois",
            ),
        ] {
            assert_eq!(rule_of_days(rule), text);
        }
    }

    #[test]
    fn periods_have_their_days_and_hours() {
        let every = |seconds, days, hours| cadence(&Cadence::Every { seconds, days, hours });
        assert_eq!(every(60, DayRule::DAILY, None), "chaque minute");
        let office = every(300, DayRule::WORKDAYS, Some(Hours(8, 18)));
        assert_eq!(office, "toutes les 5 minutes, les jours ouvrés, 08:00-18:00");
        let nightly = Cadence::Days { rule: DayRule::DAILY, at: Some(7_200) };
        assert_eq!(cadence(&nightly), "chaque jour à 02:00");
        let irregular = Cadence::Irregular { days: DayRule::DAILY, hours: None };
        assert_eq!(cadence(&irregular), "irrégulier");
    }
}
