//! Names of months, weekdays and zones, as servers write them in their own language.
//!
//! C's `strftime` writes `%b` and `%A` in the locale of the process, in that locale's encoding:
//! UTF-8, or Latin-1 on older machines.

/// How names of a month begin, in English, German, French, Spanish, Italian, Dutch and Portuguese,
/// in lower case. One month's beginnings start no other month's name.
const MONTHS: [&[&[u8]]; 12] = [
    &[b"jan", b"j\xc3\xa4n", b"j\xe4n", b"gen", b"ene"],
    &[b"feb", b"f\xc3\xa9v", b"f\xe9v", b"fev"],
    &[b"mar", b"m\xc3\xa4r", b"m\xe4r", b"mrt", b"maa"],
    &[b"apr", b"avr", b"abr"],
    &[b"may", b"mai", b"mei", b"mag"],
    &[b"jun", b"juin", b"giu"],
    &[b"jul", b"juil", b"lug"],
    &[b"aug", b"ao\xc3\xbb", b"ao\xfb", b"aou", b"ago"],
    &[b"sep", b"set"],
    &[b"oct", b"okt", b"ott", b"out"],
    &[b"nov"],
    &[b"dec", b"dez", b"d\xc3\xa9c", b"d\xe9c", b"dic"],
];

/// Names and abbreviations of a weekday in the same languages, in lower case. Abbreviations of two
/// letters forbid to go by beginnings here.
const WEEKDAYS: [&[&[u8]]; 7] = [
    &[
        b"mon",
        b"monday",
        b"mo",
        b"montag",
        b"lun",
        b"lundi",
        b"lunes",
        b"luned\xc3\xac",
        b"ma",
        b"maandag",
        b"seg",
        b"segunda",
    ],
    &[
        b"tue",
        b"tuesday",
        b"di",
        b"dienstag",
        b"mar",
        b"mardi",
        b"martes",
        b"marted\xc3\xac",
        b"dinsdag",
        b"ter",
        b"ter\xc3\xa7a",
    ],
    &[
        b"wed",
        b"wednesday",
        b"mi",
        b"mittwoch",
        b"mer",
        b"mercredi",
        b"mi\xc3\xa9",
        b"mi\xe9",
        b"mi\xc3\xa9rcoles",
        b"mercoled\xc3\xac",
        b"wo",
        b"woensdag",
        b"qua",
        b"quarta",
    ],
    &[
        b"thu",
        b"thursday",
        b"do",
        b"donnerstag",
        b"jeu",
        b"jeudi",
        b"jue",
        b"jueves",
        b"gio",
        b"gioved\xc3\xac",
        b"donderdag",
        b"qui",
        b"quinta",
    ],
    &[
        b"fri",
        b"friday",
        b"fr",
        b"freitag",
        b"ven",
        b"vendredi",
        b"vie",
        b"viernes",
        b"venerd\xc3\xac",
        b"vr",
        b"vrijdag",
        b"sex",
        b"sexta",
    ],
    &[
        b"sat",
        b"saturday",
        b"sa",
        b"samstag",
        b"sam",
        b"samedi",
        b"s\xc3\xa1b",
        b"s\xe1b",
        b"s\xc3\xa1bado",
        b"sab",
        b"sabato",
        b"za",
        b"zaterdag",
    ],
    &[
        b"sun",
        b"sunday",
        b"so",
        b"sonntag",
        b"dim",
        b"dimanche",
        b"dom",
        b"domingo",
        b"domenica",
        b"zo",
        b"zondag",
    ],
];

/// Abbreviations that mean one offset wherever they are used, in hours east of UTC. `BST`, `IST`
/// and their like mean several and are not here.
const ZONES: [(&[u8], i32); 19] = [
    (b"UTC", 0),
    (b"GMT", 0),
    (b"UT", 0),
    (b"Z", 0),
    (b"WET", 0),
    (b"WEST", 1),
    (b"CET", 1),
    (b"CEST", 2),
    (b"EET", 2),
    (b"EEST", 3),
    (b"JST", 9),
    // RFC 5322, section 4.3.
    (b"EST", -5),
    (b"EDT", -4),
    (b"CST", -6),
    (b"CDT", -5),
    (b"MST", -7),
    (b"MDT", -6),
    (b"PST", -8),
    (b"PDT", -7),
];

/// 1 to 12.
pub(crate) fn month(name: &[u8]) -> Option<i64> {
    let name = name.to_ascii_lowercase();
    let number = MONTHS.iter().position(|starts| starts.iter().any(|s| name.starts_with(s)))?;
    i64::try_from(number + 1).ok()
}

/// 1 (Monday) to 7.
pub(crate) fn weekday(name: &[u8]) -> Option<i64> {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(b".").unwrap_or(&name);
    let number = WEEKDAYS.iter().position(|names| names.contains(&name))?;
    i64::try_from(number + 1).ok()
}

/// Seconds east of UTC; `None` for an abbreviation that is unknown or means several.
pub(crate) fn zone(name: &[u8]) -> Option<i32> {
    ZONES.iter().find(|(known, _)| *known == name).map(|(_, hours)| hours * 3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_in_seven_languages_and_two_encodings() {
        for (name, number) in [
            ("Mär", 3),
            ("März", 3),
            ("mars", 3),
            ("Mrt", 3),
            ("maart", 3),
            ("marzo", 3),
            ("Mai", 5),
            ("mag", 5),
            ("juin", 6),
            ("juil.", 7),
            ("août", 8),
            ("Okt", 10),
            ("déc.", 12),
            ("janv.", 1),
            ("SEPT", 9),
        ] {
            assert_eq!(month(name.as_bytes()), Some(number), "{name}");
        }
        assert_eq!(month(b"M\xe4r"), Some(3), "Latin-1");
        assert_eq!(month("5月".as_bytes()), None);
        assert_eq!(month(b""), None);
    }

    #[test]
    fn no_month_begins_like_another() {
        for (number, starts) in MONTHS.iter().enumerate() {
            for start in *starts {
                assert_eq!(month(start), Some(number as i64 + 1), "{}", start.escape_ascii());
            }
        }
    }

    #[test]
    fn a_weekday_has_one_meaning() {
        for (number, names) in WEEKDAYS.iter().enumerate() {
            for name in *names {
                assert_eq!(weekday(name), Some(number as i64 + 1), "{}", name.escape_ascii());
            }
        }
        assert_eq!(weekday(b"sam."), Some(6));
        assert_eq!(weekday(b"Sma"), None);
    }

    #[test]
    fn a_zone_that_means_several_is_unknown() {
        assert_eq!(zone(b"EDT"), Some(-4 * 3600));
        assert_eq!(zone(b"BST"), None);
        assert_eq!(zone(b""), None);
    }
}
