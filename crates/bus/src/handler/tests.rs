//! The handlers against real programs and a real HTTP server.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::{Headers, Nature, Remedy};

fn incoming(body: &str) -> Incoming {
    let mut message = Message::new("notify.gram.user.created", body.to_owned());
    message.id = "m-1".into();
    message.producer = Some("gram".into());
    message.content_type = Some("application/json".into());
    message.headers = Headers::from([("cloudEvents:source".into(), "/gram".into())]);
    Incoming {
        message: Arc::new(message),
        service: "googleapps".into(),
        attempt: 3,
        errors: Arc::new([]),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
    }
}

async fn exec(command: &str) -> Result<(), Failure> {
    Exec::new(command).handle(incoming("{\"id\": 7}")).await
}

fn meaning(result: Result<(), Failure>) -> Option<(Nature, Remedy)> {
    result.err().map(|failure| (failure.nature, failure.remedy))
}

#[tokio::test]
async fn exec_exit_codes_mean_what_sysexits_says() {
    let table = [
        (0, None),
        (75, Some((Nature::Technical, Remedy::Softfail))),
        (69, Some((Nature::Availability, Remedy::Softfail))),
        (65, Some((Nature::Business, Remedy::Hardfail))),
        (1, Some((Nature::Technical, Remedy::Hardfail))),
        (42, Some((Nature::Technical, Remedy::Hardfail))),
        (126, Some((Nature::Technical, Remedy::Pause))),
        (127, Some((Nature::Technical, Remedy::Pause))),
    ];
    for (code, expected) in table {
        assert_eq!(meaning(exec(&format!("exit {code}")).await), expected, "exit code {code}");
    }
}

#[tokio::test]
async fn exec_codes_can_be_given_other_meanings() {
    let codes = ExitCodes::default().map(3, "softfail, availability").unwrap();
    let exec = Exec::new("exit 3").exit_codes(codes);
    let failure = exec.handle(incoming("")).await.unwrap_err();
    assert_eq!((failure.nature, failure.remedy), (Nature::Availability, Remedy::Softfail));
    assert_eq!(failure.code.as_deref(), Some("exit-3"));
    assert_eq!(ExitCodes::default().map(0, "softfail, business"), Err(ExitCodesError::Zero));
    assert!(ExitCodes::default().map(3, "whatever").is_err());
}

#[tokio::test]
async fn exec_gives_the_body_and_the_facts_and_takes_the_last_words() {
    let script = r#"
        body=$(cat)
        echo "$DOLMEN_MESSAGE_ID $DOLMEN_ROUTING_KEY $DOLMEN_ATTEMPT $DOLMEN_SERVICE" >&2
        echo "$TRACEPARENT" >&2
        echo "$body" >&2
        exit 1
    "#;
    let failure = exec(script).await.unwrap_err();
    let lines: Vec<&str> = failure.text.lines().collect();
    assert_eq!(
        lines,
        [
            "m-1 notify.gram.user.created 3 googleapps",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "{\"id\": 7}",
        ]
    );
}

#[tokio::test]
async fn exec_keeps_only_the_last_lines() {
    let failure = exec("seq 1 1000 >&2; exit 1").await.unwrap_err();
    assert!(failure.text.starts_with("981\n") && failure.text.ends_with("\n1000"));
}

#[tokio::test]
async fn exec_a_signal_is_a_softfail() {
    let failure = exec("kill -9 $$").await.unwrap_err();
    assert_eq!((failure.nature, failure.remedy), (Nature::Technical, Remedy::Softfail));
    assert_eq!(failure.code.as_deref(), Some("signal-9"));
}

/// The shell was not ended, its program was.
#[tokio::test]
async fn exec_a_signal_behind_a_shell_is_a_softfail() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("killed");
    std::fs::write(&file, "#!/bin/sh\nkill -9 $$\n").unwrap();
    let command = format!("sh {}; exit $?", file.display());
    let failure = exec(&command).await.unwrap_err();
    assert_eq!((failure.nature, failure.remedy), (Nature::Technical, Remedy::Softfail));
    assert_eq!(failure.code.as_deref(), Some("signal-9"));
    // Whoever gave that exit code a meaning meant it.
    let codes = ExitCodes::default().map(137, "hardfail, business").unwrap();
    let failure = Exec::new(command).exit_codes(codes).handle(incoming("")).await.unwrap_err();
    assert_eq!((failure.nature, failure.remedy), (Nature::Business, Remedy::Hardfail));
}

/// Long lines are dropped from the front: what went wrong is said last.
#[tokio::test]
async fn exec_the_last_of_many_long_lines_is_kept() {
    let script = "i=0; while [ $i -lt 19 ]; do printf '%02000d\\n' $i >&2; i=$((i+1)); done; \
                  echo 'the reason' >&2; exit 1";
    let failure = exec(script).await.unwrap_err();
    assert!(failure.text.ends_with("0018\nthe reason"), "{}", failure.text);
    assert!(failure.text.lines().all(|line| line.len() == 2000 || line == "the reason"));
}

/// One guard is enough for one message after the other; one that somebody killed is replaced.
#[tokio::test]
async fn exec_a_program_is_guarded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("groups");
    let exec = Exec::new(format!("cut -d\" \" -f5 /proc/$$/stat >> {}", file.display()));
    let groups = || -> Vec<i32> {
        let text = std::fs::read_to_string(&file).unwrap();
        text.lines().map(|line| line.trim().parse().unwrap()).collect()
    };
    for _ in 0..2 {
        exec.handle(incoming("")).await.unwrap();
    }
    let [first, second] = groups()[..] else { panic!("{:?}", groups()) };
    assert_eq!(first, second);
    let guard = rustix::process::Pid::from_raw(first).unwrap();
    rustix::process::kill_process(guard, rustix::process::Signal::KILL).unwrap();
    // It is dead once it is told apart from a live one, which `handle` does.
    while groups().last() == Some(&first) {
        exec.handle(incoming("")).await.unwrap();
    }
}

#[tokio::test]
async fn exec_what_cannot_be_run_pauses_the_service() {
    let failure = exec("/nonexistent/create-account").await.unwrap_err();
    assert_eq!(failure.remedy, Remedy::Pause);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("not-executable");
    std::fs::write(&file, "#!/bin/sh\n").unwrap();
    let failure = exec(file.to_str().unwrap()).await.unwrap_err();
    assert_eq!(failure.remedy, Remedy::Pause);
}

/// The next message has other facts.
#[tokio::test]
async fn exec_facts_that_do_not_fit_are_the_messages_fault() {
    let mut incoming = incoming("");
    Arc::make_mut(&mut incoming.message).tracestate = Some("x".repeat(140_000));
    let failure = Exec::new("exit 0").handle(incoming).await.unwrap_err();
    assert_eq!((failure.nature, failure.remedy), (Nature::Technical, Remedy::Hardfail));
    assert!(failure.text.contains("the message's facts"), "{}", failure.text);
}

#[tokio::test]
async fn exec_that_does_not_read_a_large_body_is_still_done() {
    let body = "x".repeat(4 << 20);
    assert_eq!(Exec::new("exit 0").handle(incoming(&body)).await, Ok(()));
}

#[tokio::test]
async fn exec_a_nul_in_a_fact_is_not_the_programs_fault() {
    let mut incoming = incoming("");
    Arc::make_mut(&mut incoming.message).correlation_id = Some("a\0b".into());
    let exec = Exec::new("[ \"$DOLMEN_CORRELATION_ID\" = ab ]");
    assert_eq!(exec.handle(incoming).await, Ok(()));
}

/// Waits until the process that wrote its number into `file` is gone.
async fn gone(file: &Path) {
    let id = std::fs::read_to_string(file).unwrap();
    let id = rustix::process::Pid::from_raw(id.trim().parse().unwrap()).unwrap();
    while rustix::process::test_kill_process(id).is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until somebody has written a whole line there.
async fn written(file: &Path) {
    while !std::fs::read_to_string(file).is_ok_and(|text| text.ends_with('\n')) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn exec_that_is_given_up_dies_with_what_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("grandchild");
    let script = format!("sleep 1000 & echo $! > {}; wait", file.display());
    let exec = Exec::new(script);
    tokio::select! {
        result = exec.handle(incoming("")) => panic!("{result:?}"),
        () = written(&file) => {}
    }
    gone(&file).await;
}

const ECHO: &str = r#"while read -r line; do
    case "$line" in
        *softfail*) echo '{"outcome": "softfail", "error": "down", "code": "c", "retry_after": 2}';;
        *hardfail*) echo '{"outcome": "hardfail", "nature": "business", "error": "taken"}';;
        *forward*) echo '{"outcome": "forward", "service": "mail-b"}';;
        *nonsense*) echo 'what?';;
        *die*) echo 'dying' >&2; kill -9 $$;;
        *) echo "$$" >> "$PIDS"; echo '{"outcome": "done"}';;
    esac
done"#;

fn echo(folder: &Path) -> Pipe {
    Pipe::new(format!("PIDS={}/pids; {ECHO}", folder.display()))
}

#[tokio::test]
async fn pipe_keeps_one_process_for_many_messages() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = echo(folder.path());
    for _ in 0..3 {
        assert_eq!(pipe.handle(incoming("hello")).await, Ok(()));
    }
    let pids = std::fs::read_to_string(folder.path().join("pids")).unwrap();
    let mut pids: Vec<&str> = pids.lines().collect();
    assert_eq!(pids.len(), 3);
    pids.dedup();
    assert_eq!(pids.len(), 1);
}

#[tokio::test]
async fn pipe_answers_are_outcomes() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = echo(folder.path());
    let failure = pipe.handle(incoming("softfail")).await.unwrap_err();
    let expected =
        Failure::availability("down").code("c").retry_after(Duration::from_secs(2)).softfail();
    assert_eq!(failure, expected);
    let failure = pipe.handle(incoming("hardfail")).await.unwrap_err();
    assert_eq!(failure, Failure::business("taken"));
    let failure = pipe.handle(incoming("forward")).await.unwrap_err();
    assert_eq!(failure.remedy, Remedy::Forward("mail-b".into()));
}

#[tokio::test]
async fn pipe_that_answers_nonsense_or_dies_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = echo(folder.path());
    let failure = pipe.handle(incoming("nonsense")).await.unwrap_err();
    assert_eq!((failure.nature, failure.remedy), (Nature::Technical, Remedy::Softfail));
    let failure = pipe.handle(incoming("die")).await.unwrap_err();
    assert_eq!((failure.nature, failure.remedy), (Nature::Technical, Remedy::Softfail));
    assert!(failure.text.ends_with("dying"), "{}", failure.text);
    assert_eq!(pipe.handle(incoming("hello")).await, Ok(()));
}

#[tokio::test]
async fn pipe_what_cannot_be_run_pauses_the_service() {
    let pipe = Pipe::new("/nonexistent/create-account");
    let failure = pipe.handle(incoming("hello")).await.unwrap_err();
    assert_eq!(failure.remedy, Remedy::Pause);
}

fn message(id: &str) -> Incoming {
    let mut incoming = incoming("hello");
    Arc::make_mut(&mut incoming.message).id = id.to_owned();
    incoming
}

/// How often a program was started that says so in `file`.
fn starts(file: &Path) -> usize {
    std::fs::read_to_string(file).unwrap().lines().count()
}

/// Answers the first message it gets `answers` times and every later one not at all, so that
/// whatever counts as an answer to those was said before.
fn talkative(file: &Path, answers: &str) -> Pipe {
    let file = file.display();
    Pipe::new(format!(
        "echo start >> {file}; read -r line; {answers}; while read -r line; do :; done"
    ))
}

#[tokio::test]
async fn pipe_an_answer_too_many_is_not_the_answer_to_the_next_message() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("starts");
    let done = r#"{"outcome": "done"}"#;
    let pipe = talkative(&file, &format!("printf '%s\\n%s\\n' '{done}' '{done}'"));
    assert_eq!(pipe.handle(message("m-1")).await, Ok(()));
    assert_eq!(pipe.handle(message("m-2")).await, Ok(()));
    assert_eq!(starts(&file), 2, "the first process answered m-2 before it was given it");
}

#[tokio::test]
async fn pipe_an_answer_about_another_message_is_none() {
    let done = r#"{"outcome": "done", "message_id": "m-1"}"#;
    let late = Pipe::new(format!("while read -r line; do echo '{done}'; done"));
    assert_eq!(late.handle(message("m-1")).await, Ok(()));
    let failure = late.handle(message("m-2")).await.unwrap_err();
    assert_eq!((failure.nature, failure.remedy), (Nature::Technical, Remedy::Softfail));
    assert!(failure.text.contains("m-1") && failure.text.contains("m-2"), "{}", failure.text);
    assert_eq!(late.handle(message("m-1")).await, Ok(()), "it was replaced");
}

#[tokio::test]
async fn pipe_that_ended_while_it_had_no_message_costs_no_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("starts");
    let done = r#"{"outcome": "done"}"#;
    let command = format!("echo $$ >> {}; read -r line; echo '{done}'", file.display());
    let pipe = Pipe::new(command);
    for n in 1..=3 {
        assert_eq!(pipe.handle(message(&format!("m-{n}"))).await, Ok(()));
        // It ends by itself, but not before we look; a zombie is nobody who reads.
        let ids = std::fs::read_to_string(&file).unwrap();
        let id = ids.lines().last().unwrap().to_owned();
        let stat = format!("/proc/{id}/stat");
        while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    assert_eq!(starts(&file), 3);
}

/// Answers one request with `answer` and returns what was asked.
async fn serve(listener: TcpListener, answer: String) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"{\"id\": 7}") {
        assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
    }
    stream.write_all(answer.as_bytes()).await.unwrap();
    String::from_utf8(request).unwrap()
}

async fn http(status: &str, header: &str) -> (Result<(), Failure>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/messages", listener.local_addr().unwrap());
    let answer = format!(
        "HTTP/1.1 {status} x\r\n{header}content-length: 4\r\nconnection: close\r\n\r\nwhy?"
    );
    let server = tokio::spawn(serve(listener, answer));
    let result = Http::new(&url).unwrap().handle(incoming("{\"id\": 7}")).await;
    (result, server.await.unwrap())
}

#[tokio::test]
async fn http_statuses_mean_what_the_table_says() {
    let soft = Some((Nature::Availability, Remedy::Softfail));
    let business = Some((Nature::Business, Remedy::Hardfail));
    let technical = Some((Nature::Technical, Remedy::Hardfail));
    let table = [
        ("200", None),
        ("202", None),
        ("302", technical.clone()),
        ("400", technical.clone()),
        ("404", technical.clone()),
        ("408", soft.clone()),
        ("409", business.clone()),
        ("422", business),
        ("425", soft.clone()),
        ("429", soft.clone()),
        ("500", technical),
        ("502", soft.clone()),
        ("503", soft.clone()),
        ("504", soft),
    ];
    for (status, expected) in table {
        let (result, _) = http(status, "").await;
        assert_eq!(meaning(result), expected, "status {status}");
    }
}

#[tokio::test]
async fn http_gives_the_body_and_the_facts_and_honours_retry_after() {
    let (result, request) = http("503", "retry-after: 120\r\n").await;
    let failure = result.unwrap_err();
    assert_eq!(failure.retry_after, Some(Duration::from_secs(120)));
    assert!(failure.text.ends_with("why?"), "{}", failure.text);
    let expected = [
        "POST /messages HTTP/1.1",
        "dolmen-message-id: m-1",
        "dolmen-routing-key: notify.gram.user.created",
        "dolmen-attempt: 3",
        "dolmen-service: googleapps",
        "content-type: application/json",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "ce-source: /gram",
    ];
    for line in expected {
        assert!(request.lines().any(|l| l.eq_ignore_ascii_case(line)), "{line} in {request}");
    }
}

#[tokio::test]
async fn http_a_refused_connection_is_a_softfail() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let failure = Http::new(&url).unwrap().handle(incoming("")).await.unwrap_err();
    assert_eq!((failure.nature, failure.remedy), (Nature::Availability, Remedy::Softfail));
    assert!(Http::new("ftp://127.0.0.1/").is_err());
}
