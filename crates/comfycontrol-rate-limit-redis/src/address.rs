//! Where a server is, and who asks: what a URL says.

use std::fmt;
use std::path::PathBuf;

use redis::{ConnectionAddr, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo};

use crate::error::{RedisError, RedisErrorKind};

/// Where a server is, and who asks.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) place: Place,
    pub(crate) tls: bool,
    /// The user, the password and the number of the database.
    pub(crate) login: RedisConnectionInfo,
}

/// Where a server is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    Host(String, u16),
    Socket(PathBuf),
}

impl Address {
    /// Reads a URL. That of TLS is read as one without: TLS is not the redis crate's.
    pub(crate) fn parse(url: &str) -> Result<Self, RedisError> {
        let invalid = || RedisError::new(RedisErrorKind::InvalidUrl);
        let (scheme, rest) = url.split_once("://").ok_or_else(invalid)?;
        let scheme = scheme.to_ascii_lowercase();
        // Of these there are several spellings, and no standard.
        if scheme.contains("sentinel") {
            return Err(RedisError::new(RedisErrorKind::Sentinel));
        }
        let tls = matches!(&*scheme, "rediss" | "valkeys");
        // TLS without a check of certificates is no TLS.
        if rest.contains('#') {
            return Err(invalid());
        }
        let scheme = if tls { "redis" } else { &*scheme };
        let info = format!("{scheme}://{rest}");
        let info = info.into_connection_info().map_err(|_| invalid())?;
        let place = match info.addr() {
            ConnectionAddr::Tcp(host, port) => Place::Host(host.clone(), *port),
            ConnectionAddr::Unix(path) if !tls => Place::Socket(path.clone()),
            _ => return Err(invalid()),
        };
        let login = info.redis_settings().clone();
        Ok(Self {
            place,
            tls,
            login: login
                .set_protocol(ProtocolVersion::RESP3)
                .set_skip_set_lib_name(),
        })
    }

    /// The node of a cluster at `node`, asked by the same user. An empty host is this one.
    pub(crate) fn moved_to(&self, node: &str) -> Option<Self> {
        let (host, port) = node.rsplit_once(':')?;
        let port = port.parse().ok()?;
        let host = match (&self.place, host) {
            (Place::Host(host, _), "") => host.clone(),
            (Place::Host(..), host) => host.trim_matches(['[', ']']).to_owned(),
            (Place::Socket(_), _) => return None,
        };
        Some(Self {
            place: Place::Host(host, port),
            ..self.clone()
        })
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address")
            .field("place", &self.place)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_say_where_and_who() {
        for (url, place, tls) in [
            (
                "redis://127.0.0.1",
                Place::Host("127.0.0.1".into(), 6379),
                false,
            ),
            (
                "rediss://cache.example:6380/2",
                Place::Host("cache.example".into(), 6380),
                true,
            ),
            ("valkeys://[::1]:1", Place::Host("::1".into(), 1), true),
            (
                "valkey://u:p%40ss@h?protocol=resp2",
                Place::Host("h".into(), 6379),
                false,
            ),
            (
                "redis+unix:///run/redis.sock",
                Place::Socket("/run/redis.sock".into()),
                false,
            ),
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!((&address.place, address.tls), (&place, tls), "{url}");
            assert!(matches!(address.login.protocol(), ProtocolVersion::RESP3));
        }
        let address = Address::parse("valkey://user:p%40ss@h/3").unwrap();
        assert_eq!(address.login.username(), Some("user"));
        assert_eq!(address.login.password(), Some("p@ss"));
        assert_eq!(address.login.db(), 3);
        assert!(!format!("{address:?}").contains("p@ss"));
    }

    #[test]
    fn what_is_no_url_of_a_server_is_an_error_that_shows_none_of_it() {
        for url in [
            "",
            "hunter2",
            "http://user:hunter2@host",
            "redis://user:hunter2@host:port",
            "redis://:hunter2@host/hunter2",
            "rediss://:hunter2@host/#insecure",
            "redis://:hunter2@0.0.0.0",
        ] {
            let error = Address::parse(url).unwrap_err();
            assert_eq!(error.kind(), RedisErrorKind::InvalidUrl, "{url}");
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn a_url_of_sentinels_is_an_error_that_says_what_to_name() {
        for url in [
            "redis+sentinel://:hunter2@one:26379/primary",
            "redis-sentinel://one:26379,two:26379/0?sentinelMasterId=primary",
            "valkeys+sentinel://:hunter2@one/primary",
        ] {
            let error = Address::parse(url).unwrap_err();
            assert_eq!(error.kind(), RedisErrorKind::Sentinel, "{url}");
            let told = error.to_string();
            assert!(told.contains("leads to the primary"), "{told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn another_node_is_asked_by_the_same_user() {
        let address = Address::parse("redis://user:secret@one:7000").unwrap();
        let moved = |node| address.moved_to(node).map(|moved| moved.place);
        assert_eq!(moved("two:7001"), Some(Place::Host("two".into(), 7001)));
        assert_eq!(moved(":7001"), Some(Place::Host("one".into(), 7001)));
        assert_eq!(moved("[::1]:7001"), Some(Place::Host("::1".into(), 7001)));
        assert_eq!(moved("nonsense"), None);
        let moved = address.moved_to("two:7001").unwrap();
        assert_eq!(moved.login.password(), Some("secret"));
    }
}
