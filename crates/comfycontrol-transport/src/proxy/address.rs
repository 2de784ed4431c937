//! How a proxy is written, and which spellings mean the same one.

use std::net::Ipv6Addr;

/// A proxy as it was written, taken apart.
#[derive(Clone, Eq, PartialEq)]
pub(super) struct Address {
    scheme: Scheme,
    /// As it was written; an `@` of its own is encoded.
    userinfo: Option<String>,
    /// In small letters; an IPv6 address in brackets.
    host: String,
    port: u16,
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Scheme {
    Http,
    Https,
    /// `socks5` and `socks5h`: both leave names to the proxy.
    Socks5,
}

impl Address {
    /// Takes a URL apart as curl does: the last `@` ends the password, a missing scheme is `http`,
    /// and nothing after the port counts.
    ///
    /// # Errors
    ///
    /// Says what is wrong, without a word of the URL, which may hold credentials.
    pub(super) fn parse(url: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = match url.split_once("://") {
            Some((scheme, rest)) => (Scheme::parse(scheme)?, rest),
            // `http//proxy` is a slip of the pen.
            None if url.trim_end_matches('/').contains('/') => return Err(NOT_VALID),
            None => (Scheme::Http, url),
        };
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        let (userinfo, place) = match authority.rsplit_once('@') {
            Some((userinfo, place)) => (Some(userinfo.replace('@', "%40")), place),
            None => (None, authority),
        };
        let (host, port) = host_and_port(place).ok_or(NOT_VALID)?;
        Ok(Self {
            scheme,
            userinfo,
            host,
            port: match port {
                Some(port) => port.ok_or("port is not one from 1 to 65535")?,
                None => scheme.default_port(),
            },
        })
    }

    pub(super) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The URL with its credentials.
    pub(super) fn with_credentials(&self) -> String {
        let (scheme, host, port) = (self.scheme.name(), &self.host, self.port);
        match &self.userinfo {
            Some(userinfo) => format!("{scheme}://{userinfo}@{host}:{port}"),
            None => format!("{scheme}://{host}:{port}"),
        }
    }

    /// The URL without its credentials, the same for all spellings of one proxy.
    pub(super) fn key(&self) -> String {
        let scheme = self.scheme.name();
        let host = self.host.strip_suffix('.').unwrap_or(&self.host);
        if self.port == self.scheme.default_port() {
            format!("{scheme}://{host}/")
        } else {
            format!("{scheme}://{host}:{}/", self.port)
        }
    }
}

impl Scheme {
    fn parse(name: &str) -> Result<Self, &'static str> {
        match name.to_ascii_lowercase().as_str() {
            "http" => Ok(Self::Http),
            "https" => Ok(Self::Https),
            "socks5" | "socks5h" => Ok(Self::Socks5),
            _ => Err("scheme is not supported"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks5 => "socks5",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Socks5 => 1080,
        }
    }
}

/// The host in small letters, and what stands behind a colon: a port from 1 to 65535, or none.
/// `None` if the host is none.
pub(super) fn host_and_port(place: &str) -> Option<(String, Option<Option<u16>>)> {
    let (host, port) = if let Some(place) = place.strip_prefix('[') {
        let (address, after) = place.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        let port = match after {
            "" => None,
            _ => Some(after.strip_prefix(':')?),
        };
        (format!("[{address}]"), port)
    } else {
        let (host, port) = match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if !host.bytes().all(is_name) || host.trim_matches('.').is_empty() {
            return None;
        }
        (host.to_ascii_lowercase(), port)
    };
    Some((host, port.map(number)))
}

fn number(port: &str) -> Option<u16> {
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        .then(|| port.parse().ok())
        .flatten()
        .filter(|port| *port > 0)
}

const NOT_VALID: &str = "URL is not valid";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_one_proxy_have_one_key() {
        for (key, spellings) in [
            (
                "http://proxy/",
                &[
                    "proxy",
                    "proxy:80",
                    "proxy.",
                    "PROXY/",
                    "http://proxy",
                    "HTTP://Proxy:80/",
                    "http://user@proxy",
                    "http://user:p@ss@proxy:0080",
                    "http://u:p%40ss@proxy./path?query#x",
                ][..],
            ),
            ("http://proxy:8080/", &["proxy:8080", "http://PROXY:8080"]),
            ("https://proxy/", &["https://proxy:443", "https://proxy"]),
            ("https://proxy:80/", &["https://proxy:80"]),
            (
                "socks5://proxy/",
                &[
                    "socks5://proxy",
                    "socks5h://proxy:1080",
                    "SOCKS5H://u:p@PROXY",
                ],
            ),
            (
                "http://[2001:db8::1]/",
                &["[2001:db8::1]", "http://[2001:DB8:0:0::1]:80"],
            ),
            ("http://192.0.2.1:3128/", &["192.0.2.1:3128"]),
        ] {
            for spelling in spellings {
                let address = Address::parse(spelling).map(|address| address.key());
                assert_eq!(address.as_deref(), Ok(key), "{spelling}");
            }
        }
    }

    #[test]
    fn a_password_with_an_at_sign_is_taken_whole() {
        for (url, whole) in [
            ("http://user:p@ss@proxy:1", "http://user:p%40ss@proxy:1"),
            ("u@v:p@@h", "http://u%40v:p%40@h:80"),
            ("socks5h://u:p%40ss@h", "socks5://u:p%40ss@h:1080"),
        ] {
            let address = Address::parse(url).map(|address| address.with_credentials());
            assert_eq!(address.as_deref(), Ok(whole));
        }
    }

    #[test]
    fn what_is_no_proxy_is_refused() {
        for url in [
            "",
            " ",
            "/",
            "http://",
            "http:///",
            "http//proxy",
            "a b",
            "http://us er",
            "[::1",
            "[proxy]:1",
            "http://[::1]x",
            "::1",
            "2001:db8::1",
            "http://user:pa/ss@proxy",
            ".",
            "http://user@",
            "http://prøxy",
            "proxy :80",
            "http://proxy:1:2",
            "http://proxy:",
            "http://proxy:0",
            "http://proxy:65536",
            "http://proxy:99999999999",
            "http://proxy:-1",
            "http://proxy:+1",
            "http://proxy:8o",
            "[::1]:",
            "[::1]:0",
            "ftp://proxy",
            "socks4://proxy",
            "://proxy",
            "socks://proxy",
        ] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }
}
