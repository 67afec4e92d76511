use dolmen_model::Call;

use crate::{World, call, headers};

fn agent(user_agent: &'static str) -> Call<'static> {
    Call { user_agent: user_agent.as_bytes(), ..call("GET /") }
}

fn from(address: &'static str, user_agent: &'static str) -> Call<'static> {
    Call { address: address.as_bytes(), ..agent(user_agent) }
}

#[test]
fn by_user_agent() {
    let world = World::new(
        r#"
        actor = [
            { name = "web portal", user_agent = "PortailWeb/*" },
            { name = "branch tool", user_agent = ["OutilAgence/*", "AgencyTool 2"] },
            { name = "scripts", user_agent = "bash *" },
            { name = "nobody says", user_agent = "" },
        ]"#,
    );
    assert_eq!(world.actor(&agent("PortailWeb/3.1")).as_deref(), Some("web portal"));
    assert_eq!(world.actor(&agent("AgencyTool 2")).as_deref(), Some("branch tool"));
    assert_eq!(world.actor(&agent("bash virement")).as_deref(), Some("scripts"));
    assert_eq!(world.actor(&agent("")).as_deref(), Some("nobody says"));
    assert_eq!(world.actor(&agent("curl/7.81")), None);
    // Clients write their own user agents; case is theirs too.
    assert_eq!(world.actor(&agent("portailweb/3.1")), None);
}

#[test]
fn the_first_match_wins() {
    let world = World::new(
        r#"
        actor = [
            { name = "cron", user_agent = "curl/*", ip = "10.0.9.7" },
            { name = "old curl", user_agent = "curl/7*" },
            { name = "curl", user_agent = "curl/*" },
            { name = "batch network", ip = ["10.0.9.0/24", "2001:db8::/32"] },
        ]"#,
    );
    assert_eq!(world.actor(&from("10.0.9.7", "curl/7.81")).as_deref(), Some("cron"));
    assert_eq!(world.actor(&from("10.0.9.8", "curl/7.81")).as_deref(), Some("old curl"));
    assert_eq!(world.actor(&from("10.0.9.8", "curl/8.0")).as_deref(), Some("curl"));
    assert_eq!(world.actor(&from("10.0.9.8", "wget")).as_deref(), Some("batch network"));
    assert_eq!(world.actor(&from("2001:db8::5", "")).as_deref(), Some("batch network"));
    assert_eq!(world.actor(&from("batch.example", "wget")), None);
}

#[test]
fn all_conditions_must_hold() {
    let world = World::new(
        r#"
        [[actor]]
        name = "accounting"
        user_agent = "Ledger/*"
        ip = "10.1.0.0/16"
        user = "acct-*"
        header = { X-Client = ["ledger", "ledger-test"] }
        "#,
    );
    let whole = Call {
        user: b"acct-1",
        headers: headers(&[("x-client", "ledger-test")]),
        ..from("10.1.2.3", "Ledger/9")
    };
    assert_eq!(world.actor(&whole).as_deref(), Some("accounting"));
    for missing in [
        Call { user_agent: b"x", ..whole.clone() },
        Call { address: b"10.2.0.1", ..whole.clone() },
        Call { user: b"", ..whole.clone() },
        Call { headers: headers(&[("x-client", "")]), ..whole.clone() },
        Call { headers: headers(&[]), ..whole.clone() },
    ] {
        assert_eq!(world.actor(&missing), None, "{missing:?}");
    }
}

#[test]
fn a_star_asks_for_some_text() {
    let world = World::new(r#"actor = [{ name = "signed in", user = "*" }]"#);
    assert_eq!(world.actor(&Call { user: b"jo", ..call("GET /") }).as_deref(), Some("signed in"));
    assert_eq!(world.actor(&call("GET /")), None);
}

#[test]
fn behind_a_trusted_proxy() {
    let world = World::new(
        r#"
        trusted_proxies = ["10.0.0.1", "192.168.0.0/16"]
        actor = [{ name = "script", ip = "172.16.5.5" }, { name = "proxy", ip = "10.0.0.1" }]
        "#,
    );
    let forwarded = |peer: &'static str, list: &'static str| {
        let call = Call { forwarded_for: list.as_bytes(), ..from(peer, "") };
        world.actor(&call)
    };
    assert_eq!(forwarded("10.0.0.1", "172.16.5.5").as_deref(), Some("script"));
    assert_eq!(forwarded("10.0.0.1", "172.16.5.5, 192.168.3.4").as_deref(), Some("script"));
    assert_eq!(forwarded("10.0.0.1", "172.16.5.5, 203.0.113.9"), None);
    assert_eq!(forwarded("10.0.0.1", "").as_deref(), Some("proxy"));
    assert_eq!(forwarded("203.0.113.9", "172.16.5.5"), None);
}

#[test]
fn more_rules_than_one_word_of_bits() {
    let rules: Vec<_> = (0..300)
        .map(|n| format!("{{ name = \"actor {n}\", user_agent = \"agent-{n}/*\" }}"))
        .collect();
    let world = World::new(&format!("actor = [{}]", rules.join(",")));
    assert_eq!(world.actor(&agent("agent-0/1")).as_deref(), Some("actor 0"));
    assert_eq!(world.actor(&agent("agent-199/1")).as_deref(), Some("actor 199"));
    assert_eq!(world.actor(&agent("agent-299/")).as_deref(), Some("actor 299"));
    assert_eq!(world.actor(&agent("agent-300/")), None);
}
