//! What a server tells about itself when it is connected to: the text of `INFO`.

use std::time::Duration;

use crate::error::{RedisError, RedisErrorKind};

/// What matters of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ServerInfo {
    /// Another one after each start.
    pub(crate) instance: u128,
    /// For how long a record has certainly not been lost, as it was at the connect.
    pub(crate) certain: Duration,
    /// Whether it is a node of a cluster.
    pub(crate) cluster: bool,
}

impl ServerInfo {
    /// Reads the text.
    ///
    /// # Errors
    ///
    /// [`RedisErrorKind::NotPrimary`] of a replica, [`RedisErrorKind::Sentinel`] of one that only
    /// watches servers, [`RedisErrorKind::Malformed`] where a line is missing.
    pub(crate) fn parse(info: &str) -> Result<Self, RedisError> {
        let field = |name: &str| {
            let mut lines = info.lines().filter_map(|line| line.split_once(':'));
            lines.find_map(|(key, value)| (key == name).then_some(value.trim()))
        };
        let missing =
            |name: &str| RedisError::because(RedisErrorKind::Malformed, format!("no {name}"));
        let is_in = |wanted: &str| {
            let mut modes = ["redis_mode", "server_mode"].into_iter();
            modes.any(|mode| field(mode) == Some(wanted))
        };
        if is_in("sentinel") {
            return Err(RedisError::new(RedisErrorKind::Sentinel));
        }
        if field("role").is_some_and(|role| role != "master") {
            return Err(RedisError::new(RedisErrorKind::NotPrimary));
        }
        let instance = field("run_id")
            .and_then(|id| id.get(..32))
            .and_then(|id| u128::from_str_radix(id, 16).ok())
            .ok_or_else(|| missing("run_id"))?;
        let uptime = field("uptime_in_seconds")
            .and_then(|seconds| seconds.parse().ok())
            .ok_or_else(|| missing("uptime_in_seconds"))?;
        // It was a replica of another, and may not have got what was written last.
        let promoted = field("second_repl_offset").is_some_and(|offset| offset != "-1")
            || field("master_replid2").is_some_and(|id| id.bytes().any(|byte| byte != b'0'));
        let evicts = field("evicted_keys").is_some_and(|keys| keys != "0");
        Ok(Self {
            instance,
            // It rounds up.
            certain: if promoted || evicts {
                Duration::ZERO
            } else {
                Duration::from_secs(uptime).saturating_sub(Duration::from_secs(1))
            },
            cluster: is_in("cluster"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REDIS: &str = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n\
        run_id:c8d96f4e9b737965606337d027b22a284b5f771d\r\nuptime_in_seconds:100\r\n\
        # Replication\r\nrole:master\r\nmaster_replid2:0000000000000000000000000000000000000000\r\n\
        second_repl_offset:-1\r\n# Stats\r\nevicted_keys:0\r\n";

    #[test]
    fn a_server_of_its_own_vouches_for_the_time_that_it_has_run() {
        let info = ServerInfo::parse(REDIS).unwrap();
        assert_eq!(info.instance, 0xc8d9_6f4e_9b73_7965_6063_37d0_27b2_2a28);
        assert_eq!(info.certain, Duration::from_secs(99));
        assert!(!info.cluster);
        let cluster = REDIS.replace("redis_mode:standalone", "server_mode:cluster");
        assert!(ServerInfo::parse(&cluster).unwrap().cluster);
    }

    #[test]
    fn one_that_evicts_or_was_a_replica_vouches_for_nothing_before() {
        for (was, is) in [
            ("evicted_keys:0", "evicted_keys:3"),
            ("second_repl_offset:-1", "second_repl_offset:1234"),
            ("master_replid2:0000", "master_replid2:9abc"),
        ] {
            let info = ServerInfo::parse(&REDIS.replace(was, is)).unwrap();
            assert_eq!(info.certain, Duration::ZERO, "{is}");
        }
    }

    #[test]
    fn a_replica_and_a_text_without_what_is_needed_are_errors() {
        let kind = |info: &str| ServerInfo::parse(info).unwrap_err().kind();
        let replica = REDIS.replace("role:master", "role:slave");
        assert_eq!(kind(&replica), RedisErrorKind::NotPrimary);
        for mode in ["redis_mode:sentinel", "server_mode:sentinel"] {
            let sentinel = REDIS.replace("redis_mode:standalone", mode);
            assert_eq!(kind(&sentinel), RedisErrorKind::Sentinel);
        }
        for line in ["run_id", "uptime_in_seconds"] {
            let without = REDIS.replace(line, "x");
            assert_eq!(kind(&without), RedisErrorKind::Malformed, "{line}");
        }
        assert_eq!(
            kind(&REDIS.replace("c8d9", "zzzz")),
            RedisErrorKind::Malformed
        );
        assert_eq!(kind(""), RedisErrorKind::Malformed);
    }
}
