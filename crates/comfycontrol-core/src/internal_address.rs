use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::host_kind::HostKind;

/// Says which hosts of this machine and its network may be reached: those that are named, and this
/// machine if the API is on it.
///
/// A server elsewhere has no business with these addresses: loopback, private (RFC 1918, and
/// RFC 4193 for IPv6), shared by a carrier's customers (RFC 6598), link-local (RFC 3927, which is
/// where clouds keep their credentials), unspecified and multicast addresses, `192.0.0.0/24`,
/// `198.18.0.0/15` and `240.0.0.0/4`; and IPv6 addresses that hold such an IPv4 address.
///
/// ```
/// use comfycontrol_core::InternalHosts;
///
/// let hosts = InternalHosts::new("api.example", vec!["storage.internal".to_owned()]);
/// assert!(!hosts.allow("169.254.169.254") && !hosts.allow("localhost"));
/// assert!(hosts.allow("203.0.114.1"));
///
/// let address = "10.0.0.1".parse()?;
/// assert!(hosts.allow_at("storage.internal", address));
/// assert!(!hosts.allow_at("storage.example", address));
/// # Ok::<_, std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct InternalHosts {
    this_machine: bool,
    named: Vec<String>,
}

impl InternalHosts {
    /// Allows the hosts that are named, written as in the URL except for case. Allows this machine
    /// too, as all of its [names](HostKind::Loopback) are written, if the host `home` is it.
    #[must_use]
    pub fn new(home: &str, named: Vec<String>) -> Self {
        let this_machine = is_this_machine(without_root(home));
        Self {
            this_machine,
            named,
        }
    }

    /// Replaces the names, and keeps the rest.
    #[must_use]
    pub fn with_named(&self, named: Vec<String>) -> Self {
        let this_machine = self.this_machine;
        Self {
            this_machine,
            named,
        }
    }

    /// Whether the host of a URL, an IPv6 address in brackets, is outside the internal network, or
    /// may be reached. Names are not resolved.
    #[must_use]
    pub fn allow(&self, host: &str) -> bool {
        let name = without_root(host);
        let is_loopback = is_this_machine(name);
        let address = name.trim_matches(['[', ']']).parse();
        let is_internal = is_loopback || address.is_ok_and(is_internal_address);
        !is_internal || self.contain(host)
    }

    /// Whether the host of a URL may be reached at `address`, to which its name leads.
    ///
    /// A name is not bound to where it led before: ask with the address that is connected to.
    #[must_use]
    pub fn allow_at(&self, host: &str, address: IpAddr) -> bool {
        !is_internal_address(address) || self.contain(host)
    }

    fn contain(&self, host: &str) -> bool {
        let named = |name: &String| name.eq_ignore_ascii_case(host);
        self.this_machine && is_this_machine(without_root(host)) || self.named.iter().any(named)
    }
}

/// A name without the dot of the root, with which it means the same.
fn without_root(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

/// Names under `localhost` too lead to loopback addresses (RFC 6761 §6.3).
fn is_this_machine(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or(host);
    HostKind::of(host) == Some(HostKind::Loopback) || last.eq_ignore_ascii_case("localhost")
}

/// Whether an address leads to this machine or into its network.
fn is_internal_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_internal_v4(v4),
        IpAddr::V6(v6) => is_internal_v6(v6),
    }
}

fn is_internal_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    address.is_private()
        || address.is_link_local()
        || matches!(
            (a, b),
            (0 | 127 | 224.., _) | (100, 64..=127) | (198, 18 | 19)
        )
        || address.octets()[..3] == [192, 0, 0]
}

fn is_internal_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, ..] = address.segments();
    let [.., high, low] = address.segments();
    let held = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_internal_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        // Mapped, compatible, loopback and unspecified; NAT64; 6to4.
        (0, 0) if address.segments()[2..5] == [0; 3] => held(high, low),
        // Translated (RFC 2765), and Teredo, which inverts it (RFC 4380 §4).
        (0, 0) if address.segments()[2..6] == [0, 0, 0xffff, 0] => held(high, low),
        (0x2001, 0) => held(!high, !low),
        (0x64, 0xff9b) => held(high, low),
        (0x2002, _) => held(b, c),
        // Unique local, link-local, site-local, multicast.
        _ => (0xfc00..0xfe00).contains(&a) || a >= 0xfe80,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_inside_is_told_from_what_lies_outside() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fec0::1",
            "fd00::1",
            "fc00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "::ffff:0:a00:1",
            "2001::f5ff:fffe",
            // 192.0.0.1, inverted.
            "2001::3fff:fffe",
        ] {
            assert!(is_internal_address(address.parse().unwrap()), "{address}");
        }
        for address in [
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.32.0.1",
            "192.169.0.1",
            "169.253.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::",
            "::ffff:0:808:808",
            "2001::f7f7:f7f7",
            // Not one of the forms that hold another address, though it ends as they do.
            "0:0:1::a00:1",
            "0:0:0:0:1:0:a00:1",
        ] {
            assert!(!is_internal_address(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn names_of_this_machine_are_refused_however_they_are_written() {
        let hosts = [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "a.Localhost.",
            "127.0.0.1",
            "127.0.0.1.",
            "[::1]",
        ];
        let elsewhere = InternalHosts::new("api.example", Vec::new());
        let here = InternalHosts::new("localhost", Vec::new());
        for host in hosts {
            assert!(!elsewhere.allow(host), "{host}");
            assert!(here.allow(host), "{host}");
        }
        for host in ["api.example.", "localhost.example", "notlocalhost"] {
            assert!(elsewhere.allow(host), "{host}");
        }
        let inside = "10.0.0.1".parse().unwrap();
        let outside = "203.0.114.1".parse().unwrap();
        let named = InternalHosts::new("localhost", vec!["Storage.example".to_owned()]);
        for (host, address, allowed) in [
            ("storage.example", inside, true),
            ("other.example", inside, false),
            ("other.example", outside, true),
            ("localhost", [127, 0, 0, 1].into(), true),
            ("other.example", [127, 0, 0, 1].into(), false),
        ] {
            assert_eq!(named.allow_at(host, address), allowed, "{host} {address}");
        }
        assert!(!elsewhere.allow("10.0.0.1."));
        assert!(!here.allow("10.0.0.1"));
    }

    #[test]
    fn other_names_change_nothing_but_the_names() {
        let here = InternalHosts::new("localhost", vec!["10.0.0.1".to_owned()]);
        let renamed = here.with_named(vec!["10.0.0.2".to_owned()]);
        for (host, allowed) in [("localhost", true), ("10.0.0.1", false), ("10.0.0.2", true)] {
            assert_eq!(renamed.allow(host), allowed, "{host}");
        }
    }
}
