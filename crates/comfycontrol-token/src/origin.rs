//! Which requests may have the token: a comparison of texts, without I/O.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use comfycontrol_core::HostKind;
use http::Uri;
use http::uri::Scheme;

/// Says which requests may have the token: those to one scheme, host and port.
///
/// Two origins are equal when all three are (RFC 6454 section 4). Hosts are compared letter by
/// letter without regard to case, and a port left out is the scheme's own; nothing else is
/// normalised. `api.example.` with a dot at its end, another spelling of an IPv6 address, or a
/// longer name with the same ending is another host.
///
/// # Example
///
/// ```
/// use comfycontrol_token::Origin;
///
/// let origin = Origin::parse("https://api.comfycontrol.app")?;
/// assert!(origin.allows(&"https://API.comfycontrol.app:443/v1/user".parse().unwrap()));
/// assert!(!origin.allows(&"http://api.comfycontrol.app/v1/user".parse().unwrap()));
/// assert!(!origin.allows(&"https://api.comfycontrol.app.evil.example/".parse().unwrap()));
/// # Ok::<(), comfycontrol_token::InvalidOrigin>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Origin {
    https: bool,
    loopback: bool,
    /// As it is mostly written: in lower case, and without the scheme's own port.
    authority: Box<str>,
    host_len: usize,
    port: u16,
}

impl Origin {
    /// Reads `https://host` or `https://host:port`; a single `/` may follow.
    ///
    /// Plain `http` is accepted for loopback only: `127.0.0.0/8`, `[::1]`, or exactly `localhost`.
    ///
    /// # Errors
    ///
    /// An [`InvalidOrigin`] that says what to change. It does not show the text, which may hold a
    /// password.
    pub fn parse(text: impl AsRef<str>) -> Result<Self, InvalidOrigin> {
        let text = text.as_ref();
        if !text.is_ascii() {
            return Err(InvalidOrigin::NotAscii);
        }
        // `Uri` drops a fragment without a word.
        if text.contains('#') {
            return Err(InvalidOrigin::FragmentIncluded);
        }
        let uri: Uri = text.parse().map_err(|_| InvalidOrigin::NotAnOrigin)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(InvalidOrigin::NotAnOrigin);
        };
        if authority.as_str().contains('@') {
            return Err(InvalidOrigin::UserinfoIncluded);
        }
        if uri.query().is_some() {
            return Err(InvalidOrigin::QueryIncluded);
        }
        if !matches!(uri.path(), "" | "/") {
            return Err(InvalidOrigin::PathIncluded);
        }
        let (host, port) = split(authority.as_str()).ok_or(InvalidOrigin::PortInvalid)?;
        let host_kind = HostKind::of(host).ok_or(InvalidOrigin::HostInvalid)?;
        let https = *scheme == Scheme::HTTPS;
        if !https && *scheme != Scheme::HTTP {
            return Err(InvalidOrigin::SchemeUnknown);
        }
        let loopback = host_kind == HostKind::Loopback;
        if !https && !loopback {
            return Err(InvalidOrigin::NotEncrypted);
        }
        let mut authority = host.to_ascii_lowercase();
        let host_len = authority.len();
        let port = port.unwrap_or(default_port(https));
        if port != default_port(https) {
            authority += &format!(":{port}");
        }
        Ok(Self {
            https,
            loopback,
            authority: authority.into(),
            host_len,
            port,
        })
    }

    /// The scheme: `https`, or `http`.
    pub fn scheme(&self) -> &str {
        if self.https { "https" } else { "http" }
    }

    /// The host as it stands in URLs: in lower case, an IPv6 address in brackets.
    ///
    /// ```
    /// use comfycontrol_token::Origin;
    ///
    /// let origin = Origin::parse("http://[::1]:8188")?;
    /// assert_eq!(origin.scheme(), "http");
    /// assert_eq!(origin.host(), "[::1]");
    /// assert_eq!(origin.port(), 8188);
    /// assert!(origin.is_loopback());
    /// # Ok::<(), comfycontrol_token::InvalidOrigin>(())
    /// ```
    pub fn host(&self) -> &str {
        &self.authority[..self.host_len]
    }

    /// The port, also where it is the scheme's own: 443 for https and 80 for http.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the host is written as one of this machine: `127.0.0.0/8`, `[::1]`, or exactly
    /// `localhost`.
    ///
    /// The same rule as for plain `http` in [`parse`](Self::parse), whatever the scheme. It looks
    /// at the text only; the transport must ensure that a connection really ends at a loopback
    /// address.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Whether a request to `uri` may carry the token.
    pub fn allows(&self, uri: &Uri) -> bool {
        let scheme = if self.https {
            &Scheme::HTTPS
        } else {
            &Scheme::HTTP
        };
        uri.scheme() == Some(scheme)
            && uri
                .authority()
                .is_some_and(|authority| self.is_at(authority.as_str()))
    }

    /// Whether `authority`, of a URI or of a `Host` header, names this origin's host and port.
    pub(crate) fn is_at(&self, authority: &str) -> bool {
        authority == &*self.authority || self.is_at_written_otherwise(authority)
    }

    /// The same in other words: with capitals, or with a port that could be left out.
    #[cold]
    fn is_at_written_otherwise(&self, authority: &str) -> bool {
        // A text with `@` in it never matches: the host of an origin has none, nor has a port.
        split(authority).is_some_and(|(host, port)| {
            host.eq_ignore_ascii_case(self.host())
                && port.unwrap_or(default_port(self.https)) == self.port
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.authority)
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Why a text is not an [`Origin`], and what to do about it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum InvalidOrigin {
    /// There is a `#` in it.
    FragmentIncluded,
    /// The host is neither a name of letters, digits, `-`, `_` and `.`, nor an IP address in its
    /// usual form.
    HostInvalid,
    /// Not of the form `https://host[:port]`.
    NotAnOrigin,
    /// A character outside ASCII: a name of another script goes in its `xn--` form.
    NotAscii,
    /// `http` to a host that is not loopback.
    NotEncrypted,
    /// There is a path behind the host.
    PathIncluded,
    /// The port is not a number from 1 to 65535.
    PortInvalid,
    /// There is a `?` in it.
    QueryIncluded,
    /// A scheme other than `https` and `http`.
    SchemeUnknown,
    /// There is a user name or a password before the host.
    UserinfoIncluded,
}

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FragmentIncluded => "the origin has a fragment: end it before the \"#\"",
            Self::HostInvalid => {
                "the origin's host is neither a host name nor an IP address in its usual form"
            }
            Self::NotAnOrigin => "not an origin: write it as \"https://host\" or \"https://host:port\"",
            Self::NotAscii => "the origin is not ASCII: write the host in its \"xn--\" form",
            Self::NotEncrypted => {
                "a token is sent without encryption to loopback only (127.0.0.0/8, [::1], localhost): use https"
            }
            Self::PathIncluded => "the origin has a path: end it after the host and port",
            Self::PortInvalid => "the origin's port is not a number from 1 to 65535",
            Self::QueryIncluded => "the origin has a query: end it before the \"?\"",
            Self::SchemeUnknown => "the origin's scheme is not https",
            Self::UserinfoIncluded => "the origin has a user name or password: leave them out",
        })
    }
}

impl Error for InvalidOrigin {}

/// Host and port of an authority; `None` where there is anything that is neither.
fn split(authority: &str) -> Option<(&str, Option<u16>)> {
    let host_len = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    match authority.split_at(host_len) {
        (host, "") => Some((host, None)),
        (host, port) => Some((host, Some(parse_port(port.strip_prefix(':')?)?))),
    }
}

fn parse_port(text: &str) -> Option<u16> {
    // `u16::from_str` alone would take a plus sign.
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0)
}

fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}
