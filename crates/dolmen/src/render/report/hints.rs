//! What to do next, with the lines to paste.

use std::io;
use std::net::IpAddr;

use dolmen_cubes::{CallerRow, Report};

use super::Page;
use crate::render::number;
use crate::render::paint::Style;
use crate::render::text;

pub(super) fn write(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let hints = hints(report);
    if hints.is_empty() {
        return Ok(());
    }
    page.heading("Next", "")?;
    for Hint { text, paste } in hints {
        page.paragraph(Style::Plain, &text)?;
        for line in paste {
            page.line(Style::Paste, &format!("    {line}"))?;
        }
    }
    Ok(())
}

struct Hint {
    text: String,
    paste: Vec<String>,
}

/// At most one of each kind, the largest first: a person does one thing at a time.
fn hints(report: &Report) -> Vec<Hint> {
    let mut hints = Vec::new();
    hints.extend(report.unknown_callers.iter().find_map(|caller| name_caller(caller, report)));
    match (report.calls, report.marks, report.joined) {
        (0, ..) => {}
        (calls, 0, joined) if joined < calls => hints.push(add_marks(report)),
        (_, 1.., 0) => hints.push(make_ids()),
        _ => {}
    }
    hints
}

fn name_caller(caller: &CallerRow, report: &Report) -> Option<Hint> {
    let condition = condition(caller)?;
    let who: Vec<String> = [&caller.address, &caller.user_agent]
        .into_iter()
        .flatten()
        .map(|t| text::clean(t))
        .collect();
    let text = format!(
        "The largest unknown caller is {} ({} of the calls). Find out who it is, and name it in \
         dolmen.toml:",
        text::shorten(&who.join(", "), 100),
        number::share(caller.calls, report.calls)
    );
    let paste = vec!["[[actor]]".to_owned(), "name = \"who is it?\"".to_owned(), condition];
    Some(Hint { text, paste })
}

/// Tools that many people and scripts use: what they call themselves says nothing of who calls.
const TOOLS: [&str; 14] = [
    "Apache-HttpClient",
    "Dart",
    "Go-http-client",
    "Java",
    "Mozilla",
    "PostmanRuntime",
    "Python-urllib",
    "Ruby",
    "Wget",
    "axios",
    "curl",
    "node-fetch",
    "okhttp",
    "python-requests",
];

/// The condition that most likely tells this caller from others: the name of its program, without
/// the version; where that is anybody's, its address.
fn condition(caller: &CallerRow) -> Option<String> {
    let program = caller.user_agent.as_deref().and_then(|agent| {
        let program = agent.split(['/', ' ']).next().unwrap_or_default();
        let is_telling = !program.is_empty()
            && !TOOLS.iter().any(|tool| tool.eq_ignore_ascii_case(program))
            && program.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
        is_telling.then(|| {
            let rest = &agent[program.len()..];
            let rest = if rest.starts_with('/') {
                "/*"
            } else if rest.is_empty() {
                ""
            } else {
                " *"
            };
            format!("user_agent = \"{program}{rest}\"")
        })
    });
    let address = caller.address.as_deref().and_then(|address| address.parse::<IpAddr>().ok());
    program.or_else(|| address.map(|address| format!("ip = [\"{address}\"]")))
}

fn add_marks(report: &Report) -> Hint {
    let example = report.files.iter().map(|file| file.path.as_str()).find(|path| *path != "-");
    let file = text::clean(example.unwrap_or("access.log"));
    Hint {
        text: "The path does not always tell the operation. Let the application log one line \
               where an operation is entered, with the request id, and read both:"
            .to_owned(),
        paste: vec![format!("dolmen report {file} --marks app.jsonl")],
    }
}

fn make_ids() -> Hint {
    Hint {
        text: "No mark has the request id of a call. Let the proxy make one id for each request, \
               log it, and pass it on to the application; this prints how:"
            .to_owned(),
        paste: vec!["dolmen proxy apache".to_owned(), "dolmen proxy nginx".to_owned()],
    }
}
