//! The name of a space as a part of a path.
//!
//! Percent-encoded, so that every name is one segment. A name that begins with a dot or a tilde has a tilde before it: `.` and
//! `..` mean something else in an address, also when they are encoded.

/// The segment of a space.
#[cfg(feature = "client")]
pub(crate) fn segment(space: &str) -> String {
    let escape = if space.starts_with(['.', '~']) { "~" } else { "" };
    let mut segment = escape.to_owned();
    for byte in space.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            segment.push_str(&format!("%{byte:02X}"));
        }
    }
    segment
}

/// The space of a segment whose percent signs are decoded already.
#[cfg(feature = "server")]
pub(crate) fn space(decoded: &str) -> &str {
    match decoded.strip_prefix('~') {
        Some(rest) if rest.starts_with(['.', '~']) => rest,
        _ => decoded,
    }
}

#[cfg(all(test, feature = "client", feature = "server"))]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one_segment_and_comes_back() {
        for name in ["alice", "..", ".", "~", "~.", "a/b", "a b", "%2F", "ä", "?x=1#", "..a", "~~", "\0"] {
            let segment = segment(name);
            let url = url::Url::parse(&format!("http://hub/v1/spaces/{segment}/sync")).unwrap();
            let path = url.path();
            assert_eq!(path, format!("/v1/spaces/{segment}/sync"), "{name}");
            let segment = path.split('/').nth(3).unwrap();
            let mut decoded = Vec::new();
            let mut rest = segment.as_bytes();
            while let Some((first, behind)) = rest.split_first() {
                rest = behind;
                if *first == b'%' {
                    decoded.push(u8::from_str_radix(std::str::from_utf8(&rest[..2]).unwrap(), 16).unwrap());
                    rest = &rest[2..];
                } else {
                    decoded.push(*first);
                }
            }
            assert_eq!(space(std::str::from_utf8(&decoded).unwrap()), name);
        }
    }
}
