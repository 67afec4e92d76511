//! A log of real requests whose timestamps all say minute 05.

use crate::place::Place;

const CONFIG: &str = r#"
[[source]]
name = "web"
path = "PATH"

[[operation]]
name = "anything"
path = "/*"

[verdict]
zone = "UTC"
"#;

#[test]
fn a_log_of_one_minute_makes_nobody_hourly() {
    let Some(corpus) = std::env::var_os("DOLMEN_CORPUS") else {
        eprintln!("skipped: no corpus (DOLMEN_CORPUS)");
        return;
    };
    let log = std::path::Path::new(&corpus).join("access-logs/elastic-apache.log");
    let place = Place::new();
    place.file("dolmen.toml", CONFIG.replace("PATH", log.to_str().unwrap()));
    place.ends(0, &["import", "--store", "s"]);
    let verdicts = place.verdicts(&["--store", "s"]);
    let mut callers = 0;
    for operation in verdicts["operations"].as_array().unwrap() {
        for caller in operation["callers"].as_array().unwrap() {
            callers += 1;
            let cadence = caller["cadence"].as_str().unwrap();
            assert!(!cadence.contains("hour") && !cadence.contains("minute"), "{caller:#}");
        }
    }
    assert!(callers > 1_000, "{callers} callers");
}
