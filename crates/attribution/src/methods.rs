//! HTTP methods.

/// IANA's registry of HTTP methods (RFC 9110 section 16.1.1), as of 2026; `PRI` and `*` are
/// reserved there and no methods.
const REGISTERED: &[&[u8]] = &[
    b"ACL",
    b"BASELINE-CONTROL",
    b"BIND",
    b"CHECKIN",
    b"CHECKOUT",
    b"CONNECT",
    b"COPY",
    b"DELETE",
    b"GET",
    b"HEAD",
    b"LABEL",
    b"LINK",
    b"LOCK",
    b"MERGE",
    b"MKACTIVITY",
    b"MKCALENDAR",
    b"MKCOL",
    b"MKREDIRECTREF",
    b"MKWORKSPACE",
    b"MOVE",
    b"OPTIONS",
    b"ORDERPATCH",
    b"PATCH",
    b"POST",
    b"PROPFIND",
    b"PROPPATCH",
    b"PUT",
    b"QUERY",
    b"REBIND",
    b"REPORT",
    b"SEARCH",
    b"TRACE",
    b"UNBIND",
    b"UNCHECKOUT",
    b"UNLINK",
    b"UNLOCK",
    b"UPDATE",
    b"UPDATEREDIRECTREF",
    b"VERSION-CONTROL",
];

pub(crate) fn is_registered(method: &[u8]) -> bool {
    // Nearly every call has one of the first.
    matches!(method, b"GET" | b"POST" | b"HEAD" | b"PUT" | b"DELETE" | b"OPTIONS" | b"PATCH")
        || REGISTERED.binary_search(&method).is_ok()
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
        assert!(REGISTERED.is_sorted());
        assert!(is_registered(b"QUERY") && is_registered(b"ACL") && !is_registered(b"get"));
        assert!(!is_registered(b"") && !is_registered(b"\x16\x03"));
    }
}
