use dolmen_store::Alert;

use crate::causes::Kind;

/// An alert as one sentence, for people.
pub fn sentence(alert: &Alert) -> String {
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "unknown".to_owned());
    let (operation, service) = (name(&alert.operation), name(&alert.service));
    let Alert { cause, count, .. } = alert;
    let calls = if *count == 1 { "1 call".to_owned() } else { format!("{count} calls") };
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == alert.kind);
    let text = match kind {
        Some(Kind::ResidualCall) => {
            format!("{operation} is retired on {service} and still called: {calls}")
        }
        Some(Kind::UnknownCaller) => {
            format!("nobody knows who calls {operation} on {service}: {cause}, {calls}")
        }
        Some(Kind::MarkOnly) => format!("{cause} was entered past the proxy, {count} times"),
        Some(Kind::NoId) => format!("{calls} without a request id on {service}"),
        Some(Kind::SilentSource) => format!("a source is silent: {cause}"),
        None => format!("{}: {cause} ({count})", alert.kind),
    };
    match alert.last.filter(|_| kind != Some(Kind::SilentSource)) {
        Some(last) => format!("{text}, the last at {last}"),
        None => text,
    }
}
