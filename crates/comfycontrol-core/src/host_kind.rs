use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether a host is this machine, going by its text alone: no name is resolved.
///
/// ```
/// use comfycontrol_core::HostKind;
///
/// assert_eq!(HostKind::of("127.0.0.1"), Some(HostKind::Loopback));
/// assert_eq!(HostKind::of("[::1]"), Some(HostKind::Loopback));
/// assert_eq!(HostKind::of("LOCALHOST"), Some(HostKind::Loopback));
/// assert_eq!(HostKind::of("localhost.example"), Some(HostKind::Other));
/// // Resolvers take this for an address; other readers do not.
/// assert_eq!(HostKind::of("127.1"), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum HostKind {
    /// `127.0.0.0/8`, `[::1]`, or exactly `localhost`.
    Loopback,
    /// Any other name or address.
    Other,
}

impl HostKind {
    /// Classifies the host of a URI: an IPv6 address in brackets, no port.
    ///
    /// `None` if it is neither a name of letters, digits, `-`, `_` and `.` nor an IP address in its
    /// usual form.
    #[must_use]
    pub fn of(host: &str) -> Option<Self> {
        let loopback = if let Some(rest) = host.strip_prefix('[') {
            rest.strip_suffix(']')?.parse::<Ipv6Addr>().ok()? == Ipv6Addr::LOCALHOST
        } else if ends_in_a_number(host) {
            // Resolvers take `127.1`, `0x7f.1` and `2130706433` for addresses. Only the dotted form
            // says the same to every reader.
            host.parse::<Ipv4Addr>().ok()?.is_loopback()
        } else if host
            .split('.')
            .next()
            .is_some_and(|label| !label.is_empty())
            && host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        {
            host.eq_ignore_ascii_case("localhost")
        } else {
            return None;
        };
        Some(if loopback {
            Self::Loopback
        } else {
            Self::Other
        })
    }
}

/// Whether a resolver may read the name as an IPv4 address (WHATWG URL, "ends in a number
/// checker").
fn ends_in_a_number(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit())
        || hex.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_what_everybody_reads_as_this_machine() {
        for host in [
            "127.0.0.1",
            "127.255.255.254",
            "[::1]",
            "[0:0::1]",
            "localhost",
            "LocalHost",
        ] {
            assert_eq!(HostKind::of(host), Some(HostKind::Loopback), "{host}");
        }
        for host in [
            "localhost.",
            "a.localhost",
            "128.0.0.1",
            "[::2]",
            "[::ffff:127.0.0.1]",
            "a.example",
        ] {
            assert_eq!(HostKind::of(host), Some(HostKind::Other), "{host}");
        }
        for host in [
            "",
            ".",
            "127.1",
            "0x7f.1",
            "2130706433",
            "[::1",
            "::1",
            "a b",
            "\u{fc}.example",
        ] {
            assert_eq!(HostKind::of(host), None, "{host}");
        }
    }
}
