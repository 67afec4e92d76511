//! Another reader of `LogFormat` wrote down what its fields are; the vectors lie in the corpus.
//!
//! A field's value is compared whatever its type, the keys as well: neither more nor less may be
//! read. Left out is what speaks of that reader's own language: `test_decoding` gives it Python
//! codecs to decode with, where dolmen hands out bytes. Texts are compared as Latin-1, its default.

#![cfg(test)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use dolmen_logs::{
    Edge, FieldName, Fields, Format, Line, Moment, Redirect, Value as Logged, Whose,
};
use serde_json::{Map, Value as Json, json};

#[test]
fn reads_the_vectors() {
    let Some(vectors) = vectors() else { return };
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for vector in &vectors {
        let verdict = match text(vector, "suite") {
            "test_parse" | "test_parse_custom_time" => parse(vector),
            "test_parse_apache_timestamp" => timestamp(vector),
            "test_bad_directives" => bad_directive(vector),
            "test_general" => line_end(vector),
            _ => continue,
        };
        *seen.entry(text(vector, "suite")).or_default() += 1;
        if let Err(why) = verdict {
            wrong.push(format!("{vector}\n  {why}"));
        }
    }
    println!("{seen:?}");
    assert!(seen.len() >= 4, "suites are missing: {seen:?}");
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}

/// Real lines: one of ten thousand was cut off, and says where.
#[test]
fn reads_a_real_log() {
    let Some(log) = corpus("access-logs/elastic-apache.log") else { return };
    let format = Format::calls("combined", &Fields::new()).expect("a nickname");
    let mut reader = format.reader();
    let mut unread = Vec::new();
    let lines = log.split(|&b| b == b'\n').filter(|line| !line.is_empty());
    for (number, line) in lines.enumerate() {
        match reader.read(line) {
            Ok(Line::Call(call)) => {
                assert!(call.time.is_some() && call.status.is_some() && !call.address.is_empty());
                assert!(!call.target.is_empty() && !call.method.is_empty(), "line {}", number + 1);
            }
            Ok(other) => panic!("line {}: {other:?}", number + 1),
            Err(e) => unread.push((number + 1, e.column == line.len() + 1)),
        }
    }
    assert_eq!(unread, [(8899, true)]);
}

fn vectors() -> Option<Vec<Json>> {
    let vectors = String::from_utf8(corpus("vectors/apachelogs.jsonl")?).expect("UTF-8");
    Some(vectors.lines().map(|line| serde_json::from_str(line).expect("a vector")).collect())
}

fn corpus(file: &str) -> Option<Vec<u8>> {
    let Some(corpus) = std::env::var_os("DOLMEN_CORPUS") else {
        println!("skipped: no corpus");
        return None;
    };
    let path = PathBuf::from(corpus).join(file);
    Some(std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

fn text<'v>(vector: &'v Json, key: &str) -> &'v str {
    vector[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {vector}"))
}

/// The entry read by its format has the fields, and no others.
fn parse(vector: &Json) -> Result<(), String> {
    let format = Format::calls(text(vector, "fmt"), &Fields::new()).map_err(|e| e.to_string())?;
    let entry = text(vector, "entry");
    // Characters beyond Latin-1 can only have been logged as UTF-8.
    let is_latin = entry.chars().all(|c| u32::from(c) < 256);
    let line: Vec<u8> =
        if is_latin { entry.chars().map(|c| c as u8).collect() } else { entry.into() };
    let read = format.fields(&line).map_err(|e| e.to_string())?;
    let mut fields = Map::new();
    let mut directives = Map::new();
    for (name, value) in read {
        let value = as_json(&value, is_latin);
        match name {
            FieldName::Written(name) => {
                insert(&mut fields, &attribute(&name), value.clone());
                directives.insert(name, value);
            }
            FieldName::Time(whose) => insert(&mut fields, &[prefix(whose) + "request_time"], value),
        }
    }
    fields.insert("directives".to_owned(), directives.into());
    let wanted = with_timestamps(&vector["fields"], &fields);
    if Json::Object(fields.clone()) != wanted {
        return Err(format!("read {}\n  instead of {wanted}", Json::Object(fields)));
    }
    // What is read for a call must not fail where this does not.
    match format.reader().read(&line) {
        Ok(Line::Call(_)) => Ok(()),
        other => Err(format!("as a call: {other:?}")),
    }
}

/// The vectors leave `request_time_fields` out where `%t` is their only time.
fn with_timestamps(wanted: &Json, read: &Map<String, Json>) -> Json {
    let mut wanted = wanted.clone();
    for (key, fields) in read.iter().filter(|(key, _)| key.ends_with("request_time_fields")) {
        let is_timestamp = fields.as_object().is_some_and(|f| f.keys().eq(["timestamp"]));
        if is_timestamp && wanted.get(key).is_none() {
            wanted[key] = json!({"timestamp": wanted[key.trim_end_matches("_fields")]});
        }
    }
    wanted
}

fn timestamp(vector: &Json) -> Result<(), String> {
    let read = Moment::from_clf(text(vector, "ts").as_bytes());
    let wanted = vector.get("dt").cloned();
    let read = read.map(|moment| as_json(&Logged::Moment(moment), true));
    if read == wanted { Ok(()) } else { Err(format!("read {read:?}")) }
}

/// A bad format is refused, and the error points into it.
fn bad_directive(vector: &Json) -> Result<(), String> {
    let given = text(vector, "fmt");
    let given = match text(vector, "test").contains("time") {
        true => format!("%{{{given}}}t"),
        false => given.to_owned(),
    };
    match Format::calls(&given, &Fields::new()) {
        Ok(_) => Err(format!("`{given}` is accepted")),
        Err(e) if e.to_string().ends_with('^') && !e.message.is_empty() => Ok(()),
        Err(e) => Err(format!("no caret: {e}")),
    }
}

/// A line end that a file's reader left does not matter.
fn line_end(vector: &Json) -> Result<(), String> {
    let format = Format::calls("%s %U", &Fields::new()).map_err(|e| e.to_string())?;
    let line = format!("200 /{}", text(vector, "end"));
    let read = format.fields(line.as_bytes()).map_err(|e| e.to_string())?;
    let wanted = Logged::Text(b"/".to_vec());
    if read[1].1 == wanted { Ok(()) } else { Err(format!("read {read:?}")) }
}

fn insert(fields: &mut Map<String, Json>, path: &[String], value: Json) {
    let [key, inner @ ..] = path else { return };
    if inner.is_empty() {
        let known = fields.entry(key.clone()).or_insert(Json::Null);
        if known.is_null() {
            *known = value;
        }
    } else {
        let inside = fields.entry(key.clone()).or_insert_with(|| json!({}));
        insert(inside.as_object_mut().expect("an object"), inner, value);
    }
}

fn as_json(value: &Logged, is_latin: bool) -> Json {
    match value {
        Logged::Missing => Json::Null,
        Logged::Text(bytes) if is_latin => {
            bytes.iter().map(|&b| char::from(b)).collect::<String>().into()
        }
        Logged::Text(bytes) => String::from_utf8_lossy(bytes).into(),
        Logged::Integer(number) => json!(number),
        Logged::Decimal(number) => json!(number),
        Logged::Moment(moment) => json!({"$datetime": datetime(*moment)}),
        Logged::Date(date) => {
            json!({"$date": format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)})
        }
        Logged::TimeOfDay { hour, minute, second } => {
            json!({"$time": format!("{hour:02}:{minute:02}:{second:02}")})
        }
        Logged::Offset(0) => json!({"$tz": "UTC"}),
        Logged::Offset(seconds) => json!({"$tz": format!("UTC{}", offset(*seconds))}),
    }
}

/// As Python writes it: without a fraction that is zero, without an offset that nobody told.
fn datetime(moment: Moment) -> String {
    let east = moment.offset.unwrap_or(0);
    let local = moment.time.micros() + i64::from(east) * 1_000_000;
    let local = jiff::Timestamp::from_microsecond(local).expect("a time").to_string();
    let local = local.trim_end_matches('Z');
    let local = match local.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{fraction:0<6}"),
        None => local.to_owned(),
    };
    local + &moment.offset.map_or_else(String::new, offset)
}

fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn prefix(whose: Whose) -> String {
    let redirect = match whose.redirect {
        Redirect::Default => "",
        Redirect::Original => "original_",
        Redirect::Final => "final_",
    };
    let edge = match whose.edge {
        Edge::Default => "",
        Edge::Begin => "begin_",
        Edge::End => "end_",
    };
    format!("{redirect}{edge}")
}

/// Where the vectors keep what a directive logs.
fn attribute(directive: &str) -> Vec<String> {
    let (modifiers, parameter, letter) = parts(directive);
    let redirect = match modifiers.rfind(['<', '>']).map(|at| modifiers.as_bytes()[at]) {
        Some(b'<') => Redirect::Original,
        Some(_) => Redirect::Final,
        None => Redirect::Default,
    };
    let whose = |edge| Whose { edge, redirect };
    let named = |name: &str| vec![prefix(whose(Edge::Default)) + name];
    let keyed = |name: &str| {
        vec![prefix(whose(Edge::Default)) + name, parameter.unwrap_or_default().to_owned()]
    };
    let lower = parameter.map(str::to_ascii_lowercase);
    match (letter, lower.as_deref()) {
        ("a", None) => named("remote_address"),
        ("a", Some(_)) => named("remote_client_address"),
        ("A", _) => named("local_address"),
        ("b" | "B", _) => named("bytes_sent"),
        ("c", _) => keyed("cryptography"),
        ("C", _) => keyed("cookies"),
        ("D", _) | ("T", Some("us")) => named("request_duration_microseconds"),
        ("e", _) => keyed("env_vars"),
        ("f", _) => named("request_file"),
        ("h", None) => named("remote_host"),
        ("h", Some(_)) => named("remote_underlying_host"),
        ("H", _) => named("request_protocol"),
        ("i", _) => keyed("headers_in"),
        ("I", _) => named("bytes_in"),
        ("k", _) => named("requests_on_connection"),
        ("l", _) => named("remote_logname"),
        ("L", None) => named("request_log_id"),
        ("L", Some(_)) => named("connection_log_id"),
        ("m", _) => named("request_method"),
        ("n", _) => keyed("notes"),
        ("o", _) => keyed("headers_out"),
        ("O", _) => named("bytes_out"),
        ("p", Some("local")) => named("local_port"),
        ("p", Some("remote")) => named("remote_port"),
        ("p", _) => named("server_port"),
        ("P", None | Some("pid")) => named("pid"),
        ("P", Some(_)) => named("tid"),
        ("q", _) => named("request_query"),
        ("r", _) => named("request_line"),
        ("R", _) => named("handler"),
        ("s", _) => named("status"),
        ("S", _) => named("bytes_combined"),
        ("T", Some("ms")) => named("request_duration_milliseconds"),
        ("T", _) => named("request_duration_seconds"),
        ("u", _) => named("remote_user"),
        ("U", _) => named("request_uri"),
        ("v", _) => named("virtual_host"),
        ("V", _) => named("server_name"),
        ("x", _) => keyed("variables"),
        ("X", _) => named("connection_status"),
        ("^FB", _) => named("ttfb"),
        ("^ti", _) => keyed("trailers_in"),
        ("^to", _) => keyed("trailers_out"),
        ("t", _) => {
            let (edge, piece) = piece(parameter.unwrap_or_default());
            vec![prefix(whose(edge)) + "request_time_fields", time_field(piece).to_owned()]
        }
        _ => panic!("no such directive: {directive}"),
    }
}

/// A directive's modifiers, what is in its braces, and its letter.
fn parts(directive: &str) -> (String, Option<&str>, &str) {
    let inside = directive.find('{').map(|open| open + 1..directive.rfind('}').expect("a brace"));
    let tail = inside.as_ref().map_or(1, |inside| inside.end + 1);
    let letter =
        tail + directive[tail..].find(|c: char| c.is_alphabetic() || c == '^').expect("a letter");
    let head = inside.as_ref().map_or("", |inside| &directive[1..inside.start - 1]);
    let modifiers = format!("{head}{}", &directive[tail..letter]);
    (modifiers, inside.map(|inside| &directive[inside]), &directive[letter..])
}

fn piece(parameter: &str) -> (Edge, &str) {
    for (word, edge) in [("begin", Edge::Begin), ("end", Edge::End)] {
        if let Some(rest) = parameter.strip_prefix(word) {
            return (edge, rest.trim_start_matches(':'));
        }
    }
    (Edge::Default, parameter)
}

fn time_field(piece: &str) -> &'static str {
    match piece {
        "" => "timestamp",
        "%s" | "sec" => "epoch",
        "msec" => "milliepoch",
        "usec" => "microepoch",
        "msec_frac" => "msec_frac",
        "usec_frac" => "usec_frac",
        "%a" => "abbrev_wday",
        "%A" => "full_wday",
        "%b" | "%h" => "abbrev_mon",
        "%B" => "full_mon",
        "%C" => "century",
        "%d" | "%e" => "mday",
        "%D" | "%F" => "date",
        "%g" => "abbrev_iso_year",
        "%G" => "iso_year",
        "%H" => "hour",
        "%I" => "hour12",
        "%j" => "yday",
        "%m" => "mon",
        "%M" => "min",
        "%p" => "am_pm",
        "%R" => "hour_min",
        "%S" => "sec",
        "%T" => "time",
        "%u" => "iso_wday",
        "%U" => "sunday_weeknum",
        "%V" => "iso_weeknum",
        "%w" => "wday",
        "%W" => "monday_weeknum",
        "%y" => "abbrev_year",
        "%Y" => "year",
        "%z" => "timezone",
        "%Z" => "tzname",
        _ => panic!("no such conversion: {piece}"),
    }
}
