//! `NO_PROXY`: the hosts that are reached directly.

use std::net::IpAddr;

use super::address::host_and_port;

/// The entries of a list such as `localhost, *.corp.example, 10.0.0.0/8, [::1]:443`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Exceptions(Vec<Exception>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Exception {
    hosts: Hosts,
    /// Any port, if none.
    port: Option<u16>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Hosts {
    All,
    /// A host, and all below it.
    Domain(String),
    /// All below it, but not the host itself.
    Below(String),
    /// The addresses whose first bits, so many, are these.
    Network(IpAddr, u8),
}

impl Exceptions {
    /// Reads a list whose entries are parted by commas or blanks.
    ///
    /// # Errors
    ///
    /// Fails if an entry cannot be read, and says which, counted from 1.
    pub(super) fn parse(list: &str) -> Result<Self, usize> {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace());
        let entries = entries.filter(|entry| !entry.is_empty());
        let read = entries
            .enumerate()
            .map(|(n, entry)| Exception::parse(entry).ok_or(n + 1));
        read.collect::<Result<_, _>>().map(Self)
    }

    /// Whether a host, in brackets or not, is reached directly at this port.
    pub(super) fn contain(&self, host: &str, port: u16) -> bool {
        let host = host.to_ascii_lowercase();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = host.strip_suffix('.').unwrap_or(host);
        self.0.iter().any(|exception| {
            exception.port.is_none_or(|only| only == port) && exception.hosts.contain(host)
        })
    }
}

impl Exception {
    fn parse(entry: &str) -> Option<Self> {
        if let Some(network) = network(entry) {
            return Some(Self {
                hosts: network,
                port: None,
            });
        }
        let (is_all, entry) = match entry.strip_prefix('*') {
            Some(rest) if rest.is_empty() || rest.starts_with(':') => (true, format!("x{rest}")),
            _ => (false, entry.to_owned()),
        };
        let (is_below, entry) = match entry.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, entry.strip_prefix('.').unwrap_or(&entry)),
        };
        let (host, port) = host_and_port(entry)?;
        let port = match port {
            Some(port) => Some(port?),
            None => None,
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = || host.strip_suffix('.').unwrap_or(&host).to_owned();
        let hosts = match bare.parse::<IpAddr>() {
            _ if is_all => Hosts::All,
            Ok(_) if is_below => return None,
            Ok(address) => Hosts::Network(address, bits(address)),
            Err(_) if ends_in_number(&name()) => return None,
            Err(_) if host.starts_with('.') || host.contains("..") => return None,
            Err(_) if is_below => Hosts::Below(name()),
            Err(_) => Hosts::Domain(name()),
        };
        Some(Self { hosts, port })
    }
}

impl Hosts {
    fn contain(&self, host: &str) -> bool {
        let is_below = |domain: &str| {
            let rest = host.strip_suffix(domain);
            rest.is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        };
        match self {
            Self::All => true,
            Self::Domain(domain) => host == domain || is_below(domain),
            Self::Below(domain) => is_below(domain),
            Self::Network(network, length) => host
                .parse()
                .is_ok_and(|address| first(address, *length) == first(*network, *length)),
        }
    }
}

/// An address without brackets, or the addresses of a network.
fn network(entry: &str) -> Option<Hosts> {
    let (address, length) = match entry.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (entry, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let length = match length {
        Some(length) if length.bytes().all(|byte| byte.is_ascii_digit()) => length.parse().ok()?,
        Some(_) => return None,
        None => bits(address),
    };
    (length <= bits(address)).then_some(Hosts::Network(address, length))
}

/// Whether a name ends as only addresses do (URL Standard, "ends in a number"): no host has it, and
/// a user who wrote `10.` or `192.168` meant a network.
fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    last.bytes().all(|byte| byte.is_ascii_digit())
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The first bits of an address, and its kind.
fn first(address: IpAddr, length: u8) -> (bool, u128) {
    let (all, of) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    let rest = u32::from(of - length.min(of));
    (address.is_ipv4(), all.checked_shr(rest).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_entry_is_understood() {
        for (list, direct, by_proxy) in [
            ("", &[][..], &["a.example:443", "10.0.0.1:443"][..]),
            ("*", &["a.example:1", "10.0.0.1:1", "[::1]:1"], &[]),
            ("a.example , *", &["b.example:1"], &[]),
            ("*:8443", &["a.example:8443"], &["a.example:443"]),
            (
                "a.example",
                &["a.example:443", "A.Example.:1", "b.a.example:443"],
                &["ba.example:443", "example:443", "a.example.org:443"],
            ),
            (
                ".a.example",
                &["a.example:443", "b.a.example:1"],
                &["ba.example:1"],
            ),
            ("A.EXAMPLE.", &["a.example:443", "a.example.:443"], &["a:1"]),
            (
                "*.corp.invalid",
                &["x.corp.invalid:443", "x.y.corp.invalid:1"],
                &["corp.invalid:443", "xcorp.invalid:443"],
            ),
            ("a.example:443", &["a.example:443"], &["a.example:8443"]),
            ("*.a.example:443", &["b.a.example:443"], &["b.a.example:1"]),
            (
                "b.example,\ta.example  c.example,,",
                &["a.example:1", "b.example:1", "c.example:1"],
                &["d.example:1"],
            ),
            ("[::1]", &["[::1]:1", "[0:0::1]:1"], &["[::2]:1"]),
            ("::1", &["[::1]:1"], &["[::2]:1"]),
            (
                "[2001:db8::1]:443",
                &["[2001:db8::1]:443"],
                &["[2001:db8::1]:1"],
            ),
            (
                "192.0.2.1",
                &["192.0.2.1:1"],
                &["192.0.2.2:1", "x.192.0.2.1:1"],
            ),
            ("192.0.2.1:443", &["192.0.2.1:443"], &["192.0.2.1:1"]),
            (
                "10.0.0.0/8",
                &["10.0.0.1:1", "10.255.0.1:443"],
                &["11.0.0.1:1", "10.example:1", "[::10.0.0.1]:1"],
            ),
            ("10.1.2.3/8", &["10.9.9.9:1"], &["11.1.2.3:1"]),
            ("0.0.0.0/0", &["192.0.2.1:1"], &["[::1]:1", "a.example:1"]),
            ("fd00::/8", &["[fd12::1]:1"], &["[fe80::1]:1"]),
            ("::/0", &["[fe80::1]:1"], &["192.0.2.1:1"]),
            ("192.0.2.1/32", &["192.0.2.1:1"], &["192.0.2.0:1"]),
        ] {
            let exceptions = Exceptions::parse(list).unwrap();
            for (places, expected) in [(direct, true), (by_proxy, false)] {
                for place in places {
                    let (host, port) = place.rsplit_once(':').unwrap();
                    let found = exceptions.contain(host, port.parse().unwrap());
                    assert_eq!(found, expected, "{list}: {place}");
                }
            }
        }
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_told() {
        for wrong in [
            "https://a.example",
            "a.example/x",
            "a.example:",
            "a.example:0",
            "a.example:65536",
            "a.example:https",
            "a*.example",
            "*a.example",
            "*.*.example",
            "a.*",
            "**",
            "*.",
            ".",
            "..",
            "a..b",
            "..a",
            "*..a",
            "[::1",
            "[a]",
            "::1:443:x",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/x",
            "10.0.0.0/+8",
            "fd00::/129",
            "*.10.0.0.1",
            // Some tools take these for the beginning of addresses.
            "10.",
            "10",
            "192.168.",
            "192.168",
            "192.168.:443",
            ".168",
            "10.0.0.256",
            "10.0.0.1.",
            "bücher.example",
            "a;b",
            "~",
            "user@a.example",
        ] {
            assert_eq!(Exceptions::parse(wrong), Err(1), "{wrong}");
            let list = format!("a.example, ,{wrong}");
            assert_eq!(Exceptions::parse(&list), Err(2), "{list}");
        }
    }
}
