//! HTTP methods.

/// IANA's registry of HTTP methods (RFC 9110 section 16.1.1), as of 2026, in the order of the
/// alphabet; `PRI` and `*` are reserved there and no methods.
pub const METHODS: &[&str] = &[
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "OPTIONS",
    "ORDERPATCH",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PUT",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "TRACE",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
];

pub(crate) fn is_registered(method: &[u8]) -> bool {
    // Nearly every call has one of the first.
    matches!(method, b"GET" | b"POST" | b"HEAD" | b"PUT" | b"DELETE" | b"OPTIONS" | b"PATCH")
        || METHODS.binary_search_by(|known| known.as_bytes().cmp(method)).is_ok()
}

/// Whether it is made of letters, digits, `-` and `_`, as every method in use is.
pub(crate) fn is_plain(method: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    !method.is_empty() && method.iter().all(plain)
}

/// RFC 9110 section 5.6.2.
pub(crate) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_can_be_searched() {
        assert!(METHODS.is_sorted());
        assert!(is_registered(b"QUERY") && is_registered(b"ACL") && !is_registered(b"get"));
        assert!(!is_registered(b"") && !is_registered(b"\x16\x03"));
    }
}
