//! Whatever a client sends, the answer comes, and what is kept stays bounded.

use dolmen_attribution::{Attributor, client_address};
use dolmen_model::{Call, Header, NameId};
use proptest::prelude::*;

use crate::World;

const RULES: &str = r#"
    trusted_proxies = ["10.0.0.0/8", "::/0"]
    [[actor]]
    name = "a"
    user_agent = ["*a*b*", "?", ""]
    ip = ["10.0.0.0/8", "::1"]
    user = "*"
    header = { X-A = "*z" }
    [[service]]
    name = "s"
    host = ["*.example", "[::1]"]
    upstream = "u*"
    [[operation]]
    name = "o"
    path = ["/a/{b}/*", "/{x...}"]
    query = { a = "*", "" = "?" }
    [[operation]]
    name = "p"
    soap_action = "*:*"
"#;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let often = prop::sample::select(&b"/.%;?&=+-:[]{}@*,\"aA0 \xff\x00"[..]);
    prop::collection::vec(prop_oneof![often, any::<u8>()], 0..60)
}

proptest! {
    #[test]
    fn any_bytes(texts in prop::collection::vec(bytes(), 9)) {
        let world = World::new(RULES);
        let header = |name, text| Header { name, value: text };
        let call = Call {
            method: &texts[0],
            target: &texts[1],
            address: &texts[2],
            forwarded_for: &texts[3],
            user: &texts[4],
            host: &texts[5],
            upstream: &texts[6],
            user_agent: &texts[7],
            headers: ["x-a", "soapaction", "content-type"]
                .into_iter()
                .map(|name| header(name, texts[8].as_slice()))
                .collect(),
            ..Call::default()
        };
        let found = world.of(&call, "monolith");
        prop_assert_eq!(found.endpoint.is_some(), !call.method.is_empty());
        client_address(&call, world.rules.trusted_proxies());
    }
}

#[test]
fn a_target_of_a_megabyte() {
    let world = World::new(RULES);
    for unit in ["/a", "/..", "a", "%41", "%", "é", "/%2e%2e", ";", "?a=b&", "/{}", "-1"] {
        let target = unit.repeat((1 << 20) / unit.len());
        let call = Call { method: b"GET", target: target.as_bytes(), ..Call::default() };
        let mut attributor = Attributor::new(&world.rules, &world.names);
        let found = attributor.attribute(&call, NameId::UNKNOWN);
        let endpoint = world.names.endpoints.name(found.endpoint).unwrap();
        assert!(endpoint.len() < 1200, "{unit}: {} bytes", endpoint.len());
    }
}
