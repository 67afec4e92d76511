//! What the docs tell somebody to install.

use std::process::Command;

use crate::util::{Folder, text};

#[test]
fn systemd_has_nothing_against_the_unit_of_the_docs() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/install.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let unit = docs.split("```ini\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(unit.contains("ExecStart=/usr/local/bin/dolmen serve "), "{unit}");
    // A program that is there: it is looked at too.
    let unit = unit.replace("/usr/local/bin/dolmen", env!("CARGO_BIN_EXE_dolmen"));
    let folder = Folder::new();
    let verify = |unit: &str| {
        let file = folder.file("dolmen.service", unit);
        let output = Command::new("systemd-analyze").arg("verify").arg(file).output();
        let output = output.unwrap_or_else(|error| {
            panic!("{error}: this test needs systemd: sudo apt-get install systemd")
        });
        // What it ignores it only says.
        (output.status.success(), text(&output.stderr))
    };
    assert_eq!(verify(&unit), (true, String::new()));
    let (_, said) = verify(&unit.replace("ProtectHome=yes", "ProtectHomes=yes"));
    assert!(said.contains("ProtectHomes"), "it looks: {said}");
}
