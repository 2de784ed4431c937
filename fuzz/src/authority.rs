/// Scheme, host and port of a URL, read in the plainest way there is.
///
/// Nothing is normalised but letter case and a port that is left out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authority {
    scheme: String,
    host: String,
    port: u16,
}

impl Authority {
    /// Reads what stands before the path; `None` if that is anything but scheme, host and port.
    pub fn of(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
        Self::new(scheme, &rest[..end])
    }

    /// Reads a `Host` header on a connection of the same scheme.
    pub fn of_host(&self, header: &str) -> Option<Self> {
        Self::new(&self.scheme, header)
    }

    fn new(scheme: &str, authority: &str) -> Option<Self> {
        let scheme = scheme.to_ascii_lowercase();
        let default = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
            _ => return None,
        };
        let (host, port) = match authority.rsplit_once(':') {
            // The last colon of an IPv6 address is no port's.
            Some((host, port)) if !port.ends_with(']') => (host, number(port)?),
            _ => (authority, default),
        };
        let plain = !host.is_empty() && !host.contains(['@', '/', '\\', '?', '#']);
        let host = host.to_ascii_lowercase();
        plain.then_some(Self { scheme, host, port })
    }
}

fn number(port: &str) -> Option<u16> {
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    port.parse().ok().filter(|port| digits && *port > 0)
}
