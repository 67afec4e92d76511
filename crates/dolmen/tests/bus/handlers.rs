//! Services in any language: `--exec`, `--pipe`, `--http`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;

use crate::place::{Place, column, on_both, wait_for};

const SERVICE: &str = "[[bus.service]]\nname = \"a\"\nlisten = [\"k.#\"]\n\
                       retry = { delays = [\"1h\"], attempts = 2 }\n";

/// Every exit code's meaning, as `bus failed` and `bus waiting` show it.
fn exit_codes_say_what_came_of_it(place: &Place) {
    place.set_up(SERVICE);
    for code in ["0", "65", "69", "75", "1"] {
        place.publish("k", code);
    }
    let worked = place.work("a", &["--exec", "exit $(cat)"]);
    assert_eq!(
        (&worked["done"], &worked["softfailed"], &worked["hardfailed"]),
        (&1.into(), &2.into(), &2.into())
    );
    let failed = place.json(&["failed"]);
    let mut natures = column(failed["messages"].as_array().unwrap(), "nature");
    natures.sort();
    assert_eq!(natures, ["business", "technical"]);
    let waiting = place.json(&["waiting"]);
    let mut natures = column(waiting["messages"].as_array().unwrap(), "nature");
    natures.sort();
    assert_eq!(natures, ["availability", "technical"]);
}

fn one_process_answers_line_by_line(place: &Place) {
    place.set_up(SERVICE);
    place.folder.file(
        "answer.sh",
        r#"echo started >> starts
while read -r line; do
    case $line in
        *'"body":"good"'*) echo '{"outcome": "done"}' ;;
        *) echo '{"outcome": "hardfail", "nature": "business", "error": "bad body"}' ;;
    esac
done
"#,
    );
    for body in ["good", "bad", "good"] {
        place.publish("k", body);
    }
    let worked = place.work("a", &["--pipe", "sh answer.sh"]);
    assert_eq!((&worked["done"], &worked["hardfailed"]), (&2.into(), &1.into()));
    assert_eq!(place.json(&["failed"])["messages"][0]["error"], "bad body");
    let starts = std::fs::read_to_string(place.folder.path().join("starts")).unwrap();
    assert_eq!(starts, "started\n");
}

/// A server that answers each request with the next status; what it was sent.
fn serve(statuses: &'static [&'static str]) -> (String, mpsc::Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/messages", listener.local_addr().unwrap());
    let (seen, requests) = mpsc::channel();
    std::thread::spawn(move || {
        for status in statuses {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                assert!(reader.read_line(&mut head).unwrap() > 0);
            }
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            reader.read_exact(&mut body).unwrap();
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
            seen.send((head, String::from_utf8(body).unwrap())).unwrap();
        }
    });
    (url, requests)
}

fn messages_are_posted(place: &Place) {
    place.set_up(SERVICE);
    let (url, requests) = serve(&["204 No Content", "409 Conflict", "503 Service Unavailable"]);
    let id = place.publish("k.first", "{\"n\": 1}");
    place.publish("k.second", "2");
    place.publish("k.third", "3");
    let worked = place.work("a", &["--http", &url]);
    assert_eq!(
        (&worked["done"], &worked["hardfailed"], &worked["softfailed"]),
        (&1.into(), &1.into(), &1.into())
    );
    let (head, body) = requests.recv().unwrap();
    assert!(head.starts_with("POST /messages HTTP/1.1\r\n"), "{head}");
    for header in [
        &format!("dolmen-message-id: {id}"),
        "dolmen-routing-key: k.first",
        "dolmen-attempt: 1",
        "dolmen-service: a",
        "content-type: application/json",
    ] {
        assert!(head.contains(header), "{header} is not in {head}");
    }
    assert_eq!(body, "{\"n\": 1}");
    assert_eq!(place.json(&["failed"])["messages"][0]["nature"], "business");
}

/// Whether a process runs; one that ended and that nobody has asked about does not.
fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// A worker that is killed takes its handlers along, and what they started: its messages are handled
/// anew elsewhere.
fn a_handler_does_not_outlive_its_worker(place: &Place) {
    place.set_up(SERVICE);
    for how in ["--exec", "--pipe"] {
        let file = place.folder.path().join("pids");
        let script = "sleep 1000 & echo $$ $! > new; mv new pids; read -r line; wait";
        let mut worker = place.start(&["work", "--service", "a", how, script]).spawn().unwrap();
        place.publish("k", "1");
        let pids = wait_for("the handler", || std::fs::read_to_string(&file).ok());
        let pids: Vec<&str> = pids.split_whitespace().collect();
        assert!(pids.len() == 2 && pids.iter().all(|pid| runs(pid)), "{pids:?}");
        worker.kill().unwrap();
        worker.wait().unwrap();
        wait_for("their end", || (!pids.iter().any(|pid| runs(pid))).then_some(()));
        std::fs::remove_file(&file).unwrap();
    }
}

on_both! {
    a_handler_does_not_outlive_its_worker
    exit_codes_say_what_came_of_it
    one_process_answers_line_by_line
    messages_are_posted
}
