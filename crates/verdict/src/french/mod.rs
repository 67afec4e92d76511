//! What verdicts say, in French.

mod cadence;

use dolmen_model::Time;

use crate::cadence::Cadence;
use crate::calendar::{Calendar, Day};
use crate::evidence::{About, Caller};
use crate::gates::{End, GateName};
use crate::reason::Reason;
use crate::who::Who;
pub(crate) use cadence::cadence;

/// A caller as sentences name it: « curl/8 depuis 10.0.9.4 ».
pub(crate) fn who(who: &Who) -> String {
    let Who { caller: Caller { address, is_hidden, .. }, addresses } = who;
    match (who.name(), address) {
        _ if *is_hidden => "quelqu’un qu’aucun proxy n’a journalisé".to_owned(),
        (name, _) if *addresses > 1 => {
            format!("{} (depuis {addresses} adresses)", name.unwrap_or("un inconnu"))
        }
        (Some(name), Some(address)) => format!("{name} depuis {address}"),
        (Some(name), None) => name.to_owned(),
        (None, Some(address)) => address.clone(),
        (None, None) => "quelqu’un d’inconnu".to_owned(),
    }
}

/// A reason as a sentence, its instants as clocks on the wall show them.
pub(crate) fn sentence(reason: &Reason, calendar: &Calendar) -> String {
    let at = |time: Time| instant(time, calendar);
    let day = |time: Time| date(calendar.day(time));
    match reason {
        Reason::NeverSeen { covered_days } => format!(
            "jamais vue en {} de journaux : personne ne l’appelle, ou ni règle ni trace ne la \
             reconnaît",
            days(*covered_days)
        ),
        Reason::LastCall { at: last, who: by, silent_days } => format!(
            "le dernier appel date du {}, par {} : {} de silence que les journaux couvrent",
            at(*last),
            who(by),
            days(*silent_days)
        ),
        Reason::Retired { since, moved_to } => {
            let moved = moved_to.as_ref().map(|to| format!(", migrée vers {to}"));
            format!("retirée depuis le {}{}", day(*since), moved.unwrap_or_default())
        }
        Reason::Residual { callers, last, who: by } => format!(
            "{callers} appelant{} après son retrait, le dernier le {} : {}",
            s(*callers as u64),
            at(*last),
            who(by)
        ),
        Reason::Due { who: by, cadence, kept, missed, next } => {
            let next = next.map(|next| format!(" ; prochain appel le {}", at(next)));
            format!(
                "{} appelle {}, {kept} fois sur {}{}",
                who(by),
                habit(cadence),
                kept + missed,
                next.unwrap_or_default()
            )
        }
        Reason::Missed { who: by, cadence, row, kept, missed, chance: p } => {
            let times =
                if *row == 1 { "un appel".to_owned() } else { format!("{row} appels de suite") };
            format!(
                "{} appelait {}, {kept} fois sur {}, et vient de manquer {times} : {} s’il est \
                 encore là",
                who(by),
                habit(cadence),
                kept + missed,
                chance(*p)
            )
        }
        Reason::Silent { who: by, days: called, within, silent_days, chance: p } => format!(
            "{} a appelé {called} jour{} sur {} et se tait depuis {} : {} s’il est encore là",
            who(by),
            s(u64::from(*called)),
            days(*within),
            days(*silent_days),
            chance(*p)
        ),
        Reason::Once { who: by, at: seen, calls, days, has_word } => {
            let once = match (calls, days) {
                (..2, _) => "une seule fois".to_owned(),
                (_, ..2) => "un seul jour".to_owned(),
                (_, days) => format!("{days} jours d’affilée et jamais sinon, la dernière fois"),
            };
            let end = match has_word {
                true => ", et un responsable dit que c’est fini",
                false => {
                    " : aucun silence ne prouve que personne ne reviendra, la parole d’un \
                     responsable si"
                }
            };
            format!("{} a été vu {once}, le {}{end}", who(by), at(*seen))
        }
        Reason::MoreCallers { callers: 1 } => "et un autre appelant".to_owned(),
        Reason::MoreCallers { callers } => format!("et {callers} autres appelants"),
        Reason::Likelihood { any, unsaid, alpha } => {
            let unsaid = unsaid.map(|unsaid| {
                let unsaid = chance(unsaid);
                format!(", de {unsaid} sans ceux dont un responsable dit qu’ils sont partis")
            });
            format!(
                "la probabilité que quelqu’un appelle encore est de {}{} ; {} sont permis",
                chance(*any),
                unsaid.unwrap_or_default(),
                chance(*alpha)
            )
        }
        Reason::NotWatched { end, until } => {
            let until = until.map(|until| format!(" : la première le sera le {}", day(until)));
            let end = match end {
                End::Month => "de mois",
                End::Quarter => "de trimestre",
                End::Year => "d’année",
            };
            format!("aucune fin {end} n’a été observée{}", until.unwrap_or_default())
        }
        Reason::NoWeek { until } => format!(
            "aucune semaine entière sans appel n’est passée : ce sera fait le {}",
            day(*until)
        ),
        Reason::LongerBefore { who: by, longest, needed } => format!(
            "{} s’est déjà tu {} puis est revenu : il en faut maintenant {}",
            who(by),
            days(*longest),
            days(*needed)
        ),
        Reason::NewThisYear { who: by, needed } => format!(
            "{} n’était pas connu un an plus tôt, nul ne sait donc quand il prend ses congés : il faut \
             un silence de {}",
            who(by),
            days(*needed)
        ),
        Reason::ShortlyKnown { who: by, within, needed } => format!(
            "{} n’a été connu que pendant {} : il faut un silence de {}",
            who(by),
            days(*within),
            days(*needed)
        ),
        Reason::Gap { from, to, counts } => {
            let counts = match counts {
                true => " : plus d’une demi-période, il faut donc en observer une autre",
                false => "",
            };
            format!("pas de journaux du {} au {}{counts}", at(*from), at(*to))
        }
        Reason::MoreGaps { gaps, days: long } => format!(
            "pas de journaux non plus pendant {gaps} autre{0} période{0}, {1} en tout",
            s(*gaps as u64),
            days(*long)
        ),
        Reason::WithoutId { last } => format!(
            "des appels sans identifiant de requête ont atteint le service, le dernier le {} : ce \
             qu’ils faisaient est inconnu",
            at(*last)
        ),
        Reason::WithoutMark { last } => format!(
            "des appels ont pris une de ses routes sans laisser de trace, le dernier avant le {} : \
             ce qu’ils faisaient est inconnu",
            at(*last)
        ),
        Reason::StillCalls { who: by, last, operation } => {
            let what = match operation {
                Some(operation) => format!("il fait maintenant {operation}, alors nouvelle"),
                None => "ce qu’il fait est inconnu".to_owned(),
            };
            format!(
                "{} l’appelait et appelle toujours le service, la dernière fois avant le {} : {what}",
                who(by),
                at(*last)
            )
        }
        Reason::SilentMarks { source, since } => format!(
            "aucune trace n’est venue de {source} depuis le {}, ce qui est inhabituel : ce que les \
             appels faisaient depuis est inconnu là où seules les traces le disent",
            at(*since)
        ),
        Reason::Unread { source, lines, of } => format!(
            "{lines} lignes sur {of} de {source} n’ont pu être lues : des appels peuvent en être"
        ),
        Reason::Untimed { source, lines } => format!(
            "aucune ligne de {source} n’a d’heure ({lines} ligne{}) : aucune n’a été regardée, des \
             appels peuvent en être ; faites lire l’heure par son format",
            s(*lines)
        ),
        Reason::Unseen { once, seen, more, next_is_new } => format!(
            "{once} appelant{} sur {seen} {} qu’une fois : {} autres environ n’ont jamais été vus, \
             et {} des visites viennent d’un nouveau",
            s(u64::from(*once)),
            if *once > 1 { "n’ont été vus" } else { "n’a été vu" },
            decimal(*more),
            chance(*next_is_new)
        ),
        Reason::Overflow { calls } => {
            format!(
                "{calls} appels viennent de plus d’appelants qu’on n’en distingue ; de ceux que \
                 personne n’a pu nommer, aucun silence ne prouve que tous sont partis"
            )
        }
        Reason::Word { word } => {
            let by = &word.who;
            let about = match &word.about {
                About::YearEnd => format!("{by} dispense de la fin d’année"),
                About::Gone { address, user_agent, actor } => {
                    let named = [actor, user_agent, address];
                    let named: Vec<&str> =
                        named.into_iter().flatten().map(String::as_str).collect();
                    match named.is_empty() {
                        true => format!("{by} dit que plus personne n’appelle"),
                        false => format!("{by} dit que {} n’existe plus", named.join(" ")),
                    }
                }
            };
            format!("{about} (le {}) : {}", at(word.said), word.why)
        }
        Reason::CameSince { said_by, said, who: by, at: came } => format!(
            "{} a appelé le {}, après ce que {said_by} a dit le {} : cette parole ne vaut pas pour \
             cet appel",
            who(by),
            at(*came),
            at(*said)
        ),
        Reason::SafeOn { at } => {
            format!("si personne n’appelle, elle sera sûre le {}", day(*at))
        }
        Reason::Never { unmet } => {
            let unmet: Vec<&str> = unmet.iter().map(never).collect();
            format!("aucun silence ne le prouvera : {}", unmet.join(", et "))
        }
    }
}

/// What must be, where no silence brings it about.
fn never(gate: &GateName) -> &'static str {
    match gate {
        GateName::Likelihood => {
            "un responsable doit répondre de qui n’a été vu qu’un seul jour, ou que quelques jours d’affilée"
        }
        GateName::TwoPeriods => "deux périodes de chaque rythme doivent être vues",
        GateName::MonthEnd => "aucune fin de mois ne sera observée",
        GateName::QuarterEnd => "aucune fin de trimestre ne sera observée",
        GateName::YearEnd => {
            "aucune fin d’année ne sera observée, à moins qu’un responsable n’y renonce"
        }
        GateName::Week => "aucune semaine sans appel ne sera vue",
        GateName::LongestSilence => "aucun silence ne dépassera les précédents",
        GateName::Coverage => "aucune période sans lacune ne sera observée",
        GateName::RequestIds => "des appels sans identifiant de requête arrivent toujours",
        GateName::Marks => "des appels dont nul ne sait ce qu’ils font arrivent toujours",
    }
}

/// A rhythm as it goes on after « appelle ».
fn habit(of: &Cadence) -> String {
    match of {
        Cadence::Irregular { .. } => "de temps en temps".to_owned(),
        of => cadence(of),
    }
}

/// « 2 mai 2023 à 13:42 »
pub(crate) fn instant(time: Time, calendar: &Calendar) -> String {
    let (day, second) = calendar.place(time);
    format!("{} à {:02}:{:02}", date(day), second / 3_600, second % 3_600 / 60)
}

/// « 1er mai 2023 »
fn date(day: Day) -> String {
    let (year, month, day) = day.civil();
    let month = cadence::MONTHS.get(usize::from(month) - 1).copied().unwrap_or_default();
    let day = if day == 1 { "1er".to_owned() } else { day.to_string() };
    format!("{day} {month} {year}")
}

fn days(days: f64) -> String {
    match days {
        d if d < 0.95 => {
            let hours = (d * 24.0).round() as u64;
            format!("{hours} heure{}", s(hours))
        }
        d if d < 1.05 => "1 jour".to_owned(),
        d if d < 9.95 => format!("{} jours", decimal(d)),
        d => format!("{d:.0} jours"),
    }
}

fn chance(p: f64) -> String {
    match p {
        p if p >= 0.1 => format!("{:.0} %", p * 100.0),
        p if p >= 0.001 => format!("{} %", decimal(p * 100.0)),
        _ => "moins de 0,1 %".to_owned(),
    }
}

fn decimal(number: f64) -> String {
    format!("{number:.1}").replace('.', ",")
}

/// The plural's ending: from two on.
const fn s(count: u64) -> &'static str {
    if count > 1 { "s" } else { "" }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::cadence::{DayRule, OfMonth};

    fn by(actor: Option<&str>, address: Option<&str>) -> Who {
        let [actor, address] = [actor, address].map(|text| text.map(str::to_owned));
        Who::from(Caller { actor, address, ..Caller::default() })
    }

    #[test]
    fn callers_are_named_in_french() {
        assert_eq!(who(&by(Some("curl"), Some("10.0.9.4"))), "curl depuis 10.0.9.4");
        assert_eq!(who(&by(Some("Bot from Mars"), None)), "Bot from Mars");
        assert_eq!(who(&by(None, Some("10.0.9.4"))), "10.0.9.4");
        assert_eq!(who(&by(None, None)), "quelqu’un d’inconnu");
        let portal = Who { addresses: 3, ..by(Some("portal"), Some("10.0.9.4")) };
        assert_eq!(who(&portal), "portal (depuis 3 adresses)");
        assert_eq!(who(&Who { addresses: 3, ..Who::default() }), "un inconnu (depuis 3 adresses)");
        let hidden = Caller { is_hidden: true, ..Caller::default() };
        assert_eq!(who(&hidden.into()), "quelqu’un qu’aucun proxy n’a journalisé");
    }

    #[test]
    fn sentences_have_the_days_of_the_calendar() {
        let calendar = Calendar::new(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
        let rule = DayRule::Months { every: 1, month: 0, day: OfMonth::Day(1) };
        // 2023-06-01T04:15:00Z
        let at = Time::from_seconds(1_685_592_900).unwrap();
        let due = Reason::Due {
            who: by(Some("bash"), Some("10.1.9.63")),
            cadence: Cadence::Days { rule, at: Some(22_500) },
            kept: 3,
            missed: 1,
            next: Some(at),
        };
        assert_eq!(
            sentence(&due, &calendar),
            "bash depuis 10.1.9.63 appelle le 1er du mois à 06:15, 3 fois sur 4 ; prochain appel le \
             1er juin 2023 à 06:15"
        );
        let missed = |row| {
            let (who, cadence) =
                (by(Some("curl"), None), Cadence::Days { rule: DayRule::DAILY, at: None });
            let missed = Reason::Missed { who, cadence, row, kept: 9, missed: 0, chance: 0.5 };
            sentence(&missed, &calendar)
        };
        assert!(missed(1).contains(", et vient de manquer un appel : 50 %"), "{}", missed(1));
        assert!(missed(60).contains("de manquer 60 appels de suite"), "{}", missed(60));
        let days = |days, within| {
            let (who, silent_days) = (by(Some("curl"), None), 30.0);
            sentence(&Reason::Silent { who, days, within, silent_days, chance: 0.5 }, &calendar)
        };
        assert!(days(1, 61.0).starts_with("curl a appelé 1 jour sur 61 jours et se tait"));
        assert!(days(3, 61.0).starts_with("curl a appelé 3 jours sur 61 jours et se tait"));
        let likely = Reason::Likelihood { any: 0.042, unsaid: None, alpha: 0.05 };
        assert_eq!(
            sentence(&likely, &calendar),
            "la probabilité que quelqu’un appelle encore est de 4,2 % ; 5,0 % sont permis"
        );
        let silent = Reason::LastCall { at, who: by(Some("portal"), None), silent_days: 0.04 };
        assert!(
            sentence(&silent, &calendar)
                .ends_with("par portal : 1 heure de silence que les journaux couvrent")
        );
    }
}
