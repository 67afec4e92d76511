//! One page for a change board: it asks nobody for anything, and can be printed.

use std::fmt::{self, Write as _};

use dolmen_model::{Language, Time};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::words::Words;
use super::{CallerRow, ExpectedCall, OperationVerdict, Verdicts};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;color:#1b1f24;background:#fff;\
    max-width:60rem;margin:2rem auto;padding:0 1rem}h1{font-size:1.6rem;margin-bottom:.2rem}\
    h2{font-size:1.15rem;margin:2.2rem 0 .4rem;border-top:1px solid #d0d7de;padding-top:1.2rem}\
    table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{text-align:left;\
    padding:.3rem .6rem .3rem 0;border-bottom:1px solid #e4e8ec;vertical-align:top}\
    th{font-weight:600}.n{text-align:right}.state{font-weight:600;padding:.1rem .5rem;\
    border:1px solid currentColor;border-radius:.3rem;white-space:nowrap}\
    .yes{color:#116329}.no{color:#8a4600}.alert{color:#a40e26}.small{color:#57606a;\
    font-size:.9rem}ul{margin:.4rem 0 .8rem;padding-left:1.2rem}\
    @media print{body{margin:0;max-width:none;font-size:11px}section{break-inside:avoid}}";

/// The page; `verdicts` were asked for in the same language.
pub fn html(verdicts: &Verdicts, language: Language) -> String {
    let wall = Wall { zone: verdicts.wall.clone(), language };
    let board = Board { wall, words: Words::of(language), language };
    let mut page = String::new();
    // Writing to a String cannot fail.
    _ = board.write(verdicts, &mut page);
    page
}

/// Text between tags, or in an attribute.
struct Text<'t>(&'t str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                letter => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

/// Instants as clocks on the wall show them, in tables of a language.
pub struct Wall {
    /// Where the wall is.
    pub zone: TimeZone,
    /// Days are written as it writes them.
    pub language: Language,
}

impl Wall {
    /// The minute: `2023-06-01 06:15`, in French `01/06/2023 06:15`.
    pub fn minute(&self, time: Time) -> String {
        self.shown(time, "%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M")
    }

    /// The day of it.
    pub fn day(&self, time: Time) -> String {
        self.shown(time, "%Y-%m-%d", "%d/%m/%Y")
    }

    fn shown(&self, time: Time, english: &str, french: &str) -> String {
        let format = match self.language {
            Language::English => english,
            Language::French => french,
        };
        match Timestamp::from_microsecond(time.micros()) {
            Ok(at) => at.to_zoned(self.zone.clone()).strftime(format).to_string(),
            Err(_) => time.to_string(),
        }
    }
}

fn class(operation: &OperationVerdict) -> &'static str {
    match operation.state.as_str() {
        "residual" => "alert",
        _ if operation.is_safe => "yes",
        _ => "no",
    }
}

/// The page as it is written.
struct Board {
    wall: Wall,
    words: &'static Words,
    language: Language,
}

impl Board {
    fn day(&self, time: Option<Time>) -> String {
        time.map(|time| self.wall.day(time)).unwrap_or_else(|| self.words.never.to_owned())
    }

    fn service<'o>(&self, operation: &'o OperationVerdict) -> &'o str {
        operation.service.as_deref().unwrap_or(self.words.unknown)
    }

    fn state(&self, operation: &OperationVerdict) -> String {
        let state = self.words.state(&operation.state);
        format!("<span class=\"state {}\">{}</span>", class(operation), Text(state))
    }

    /// The head of a table; the last column holds numbers.
    fn head(columns: &[&str], out: &mut String) -> fmt::Result {
        write!(out, "<table>\n<thead><tr>")?;
        for (at, column) in columns.iter().enumerate() {
            let class = if at + 1 == columns.len() { " class=\"n\"" } else { "" };
            write!(out, "<th{class}>{}</th>", Text(column))?;
        }
        writeln!(out, "</tr></thead>\n<tbody>")
    }

    fn row<const N: usize>(cells: &[String; N], out: &mut String) -> fmt::Result {
        write!(out, "<tr>")?;
        for (at, cell) in cells.iter().enumerate() {
            let class = if at + 1 == cells.len() { " class=\"n\"" } else { "" };
            write!(out, "<td{class}>{cell}</td>")?;
        }
        writeln!(out, "</tr>")
    }

    fn write(&self, verdicts: &Verdicts, out: &mut String) -> fmt::Result {
        let Self { wall, words, language } = self;
        let (at, zone) = (wall.minute(verdicts.at), Text(&verdicts.zone));
        let Words { title, as_of, by, safe_when: (safe_when, watched), .. } = words;
        let (as_of, as_of_start) = as_of;
        writeln!(
            out,
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}, {as_of} {at}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
            language.code()
        )?;
        writeln!(
            out,
            "<h1>{title}</h1>\n<p class=\"small\">{as_of_start} {at} ({zone}), {by}. {safe_when} \
             {}, {watched}</p>",
            words.percent(verdicts.alpha)
        )?;
        self.overview(&verdicts.operations, out)?;
        for operation in &verdicts.operations {
            self.operation(operation, out)?;
        }
        if !verdicts.expected.is_empty() {
            self.expected(&verdicts.expected, out)?;
        }
        if !verdicts.gaps.is_empty() {
            writeln!(out, "<section>\n<h2>{}</h2>\n<ul>", words.gaps)?;
            for gap in &verdicts.gaps {
                let (from, to) = (wall.minute(gap.from), wall.minute(gap.to));
                writeln!(
                    out,
                    "<li>{}{} {from} {} {to}</li>",
                    Text(&gap.source),
                    words.from,
                    words.to
                )?;
            }
            writeln!(out, "</ul>\n</section>")?;
        }
        writeln!(out, "</body>\n</html>")
    }

    fn overview(&self, operations: &[OperationVerdict], out: &mut String) -> fmt::Result {
        let Words { operation, service, state, last_call, safe_from, somebody, .. } = self.words;
        Self::head(&[operation, service, state, last_call, safe_from, somebody], out)?;
        for operation in operations {
            let last = operation.last_call.map(|at| self.wall.minute(at));
            let cells = [
                Text(&operation.operation).to_string(),
                Text(self.service(operation)).to_string(),
                self.state(operation),
                last.unwrap_or_else(|| self.words.never.to_owned()),
                self.day(operation.safe_on),
                self.words.percent(operation.p_any),
            ];
            Self::row(&cells, out)?;
        }
        writeln!(out, "</tbody>\n</table>")
    }

    fn operation(&self, operation: &OperationVerdict, out: &mut String) -> fmt::Result {
        writeln!(
            out,
            "<section>\n<h2>{} {} {} {}</h2>\n<ul>",
            Text(&operation.operation),
            self.words.on,
            Text(self.service(operation)),
            self.state(operation)
        )?;
        for reason in &operation.reasons {
            writeln!(out, "<li>{}</li>", Text(reason))?;
        }
        writeln!(out, "</ul>")?;
        if !operation.callers.is_empty() {
            let Words { caller, calls, rhythm, last_call, next, alive, .. } = self.words;
            Self::head(&[caller, calls, rhythm, last_call, next, alive], out)?;
            for caller in &operation.callers {
                self.caller(caller, out)?;
            }
            writeln!(out, "</tbody>\n</table>")?;
        }
        writeln!(out, "</section>")
    }

    fn caller(&self, caller: &CallerRow, out: &mut String) -> fmt::Result {
        let named = [&caller.actor, &caller.user_agent, &caller.address];
        let named: Vec<&str> = named.into_iter().flatten().map(String::as_str).collect();
        let mut who = match named.is_empty() {
            true => self.words.unknown.to_owned(),
            false => named.join(", "),
        };
        if caller.addresses > 1 {
            let (and, more) = self.words.more_addresses;
            _ = write!(who, " {and} {} {more}", caller.addresses - 1);
        }
        let next = caller.next_expected.map(|at| self.wall.minute(at));
        let cells = [
            Text(&who).to_string(),
            caller.calls.to_string(),
            Text(&caller.cadence).to_string(),
            self.wall.minute(caller.last_call),
            next.unwrap_or_else(|| "–".to_owned()),
            self.words.percent(caller.p_alive),
        ];
        Self::row(&cells, out)
    }

    fn expected(&self, calls: &[ExpectedCall], out: &mut String) -> fmt::Result {
        let Words { days, when, operation, who, rhythm, alive, .. } = self.words;
        writeln!(out, "<section>\n<h2>{days}</h2>")?;
        Self::head(&[when, operation, who, rhythm, alive], out)?;
        for call in calls {
            let cells = [
                self.wall.minute(call.at),
                Text(&call.operation).to_string(),
                Text(&call.who).to_string(),
                Text(&call.cadence).to_string(),
                self.words.percent(call.p_alive),
            ];
            Self::row(&cells, out)?;
        }
        writeln!(out, "</tbody>\n</table>\n</section>")
    }
}

#[cfg(test)]
mod tests {
    use super::super::SourceGap;
    use super::*;

    fn verdicts() -> Verdicts {
        Verdicts {
            at: Time::from_seconds(1_685_592_900).unwrap(),
            zone: "UTC".to_owned(),
            wall: TimeZone::UTC,
            clocks: Vec::new(),
            alpha: 0.05,
            is_safe: false,
            operations: Vec::new(),
            gaps: Vec::new(),
            lacking: Vec::new(),
            expected: vec![ExpectedCall {
                at: Time::from_seconds(1_688_184_900).unwrap(),
                operation: "<b>transfer</b>".to_owned(),
                service: None,
                who: "bash".to_owned(),
                cadence: "le 1er du mois".to_owned(),
                p_alive: 0.625,
            }],
        }
    }

    #[test]
    fn the_page_speaks_the_language_that_is_asked_for() {
        let page = html(&verdicts(), Language::French);
        assert!(page.contains("<html lang=\"fr\">"), "{page}");
        assert!(page.contains("<h1>Ce qui peut être éteint</h1>"), "{page}");
        assert!(page.contains("<td class=\"n\">62,5 %</td>"), "{page}");
        let page = html(&verdicts(), Language::English);
        assert!(page.contains("<h1>What may be switched off</h1>"), "{page}");
        assert!(page.contains("<td class=\"n\">62.5 %</td>"), "{page}");
    }

    #[test]
    fn small_chances_and_gaps_are_told_as_they_are() {
        let mut verdicts = verdicts();
        verdicts.alpha = 0.001;
        let (from, to) = (verdicts.at, Time::from_seconds(1_685_600_100).unwrap());
        verdicts.gaps.push(SourceGap { source: "proxy".to_owned(), from, to });
        let page = html(&verdicts, Language::English);
        assert!(page.contains("at most 0.1 %, and"), "{page}");
        assert!(page.contains("<li>proxy: 2023-06-01 04:15 to 2023-06-01 06:15</li>"), "{page}");
        let page = html(&verdicts, Language::French);
        assert!(
            page.contains("<li>proxy : du 01/06/2023 04:15 au 01/06/2023 06:15</li>"),
            "{page}"
        );
    }

    #[test]
    fn texts_from_logs_cannot_break_out() {
        let page = html(&verdicts(), Language::English);
        assert!(page.contains("&lt;b&gt;transfer&lt;/b&gt;") && !page.contains("<b>"), "{page}");
    }
}
