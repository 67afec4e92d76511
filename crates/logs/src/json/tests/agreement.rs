//! The scanner against serde_json, on any valid object.

use proptest::prelude::*;
use serde_json::Value;

use super::picked;

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            object(inner),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[abc]{0,3}", any::<String>(), r#"[\\"/\x00-\x1fé😀a]{0,40}"#]
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::vec((text(), inner), 0..8)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// What the scanner shall say about a value.
fn expected(value: Option<&Value>) -> Vec<u8> {
    let text = match value {
        Some(Value::String(text)) => text.clone(),
        Some(number @ (Value::Number(_) | Value::Bool(_))) => number.to_string(),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => String::new(),
    };
    if text == "-" { Vec::new() } else { text.into_bytes() }
}

proptest! {
    #[test]
    fn with_serde_json(object in object(value()), pretty in any::<bool>()) {
        let line = match pretty {
            true => serde_json::to_string_pretty(&object).unwrap(),
            false => object.to_string(),
        };
        // Dots and brackets in a key are a path's own marks; arrays are joined, not picked.
        let members = object.as_object().unwrap().iter();
        let plain = |key: &str| !key.is_empty() && !key.contains(['.', '[', ']']);
        let paths: Vec<(&str, Option<&Value>)> = members
            .filter(|(key, value)| plain(key) && !value.is_array())
            .map(|(key, value)| (key.as_str(), Some(value)))
            .chain([("nobody has this", None)])
            .collect();
        let names: Vec<&str> = paths.iter().map(|(path, _)| *path).collect();
        let expected: Vec<Vec<u8>> = paths.iter().map(|(_, value)| expected(*value)).collect();
        prop_assert_eq!(picked(&names, line.as_bytes()).unwrap(), expected);
    }

    #[test]
    fn with_serde_json_below_the_first_level(inner in object(value())) {
        let object = serde_json::json!({ "x": [inner.clone()], "y": { "z": inner.clone() } });
        let inner = inner.as_object().unwrap();
        let Some((key, value)) = inner.iter().find(|(key, value)| {
            !key.is_empty() && !key.contains(['.', '[', ']']) && !value.is_array()
        }) else {
            return Ok(());
        };
        let names = [format!("x[0].{key}"), format!("y.z.{key}")];
        let found = picked(&[&names[0], &names[1]], object.to_string().as_bytes()).unwrap();
        prop_assert_eq!(found, vec![expected(Some(value)); 2]);
    }

    #[test]
    fn any_bytes_do_no_harm(line in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = picked(&["a.b[0]", "c"], &line);
    }

    #[test]
    fn nearly_json_does_no_harm(line in r#"\{["a:,\[\]\{\}\\0-9tn.-]{0,60}"#) {
        let _ = picked(&["a.a[0]", "a"], line.as_bytes());
    }
}
