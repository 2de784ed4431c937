use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};

use comfycontrol_rate_limit::Store;
use comfycontrol_rate_limit_redis::{RedisErrorKind, RedisStore};
use comfycontrol_test::{MILLISECOND, SECOND, now, port};
use tokio::time::sleep;

use crate::support::*;

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// It keeps no keys, and nothing is sent by it.
#[tokio::test]
async fn a_sentinel_is_an_error_that_says_what_to_name() {
    each(async |program| {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("sentinel.conf");
        let port = port();
        let text = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\n",
            directory.path().display()
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(&program.path);
        command.arg(&config).arg("--sentinel").stdout(Stdio::null());
        let _sentinel = Killed(command.spawn().unwrap());
        let begun = now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(begun.elapsed() < 20 * SECOND, "it does not listen");
            sleep(10 * MILLISECOND).await;
        }
        let store = RedisStore::open(&format!("redis://127.0.0.1:{port}")).unwrap();
        let store = store.with_timeout(10 * SECOND);
        assert_eq!(kind(store.read().await), RedisErrorKind::Sentinel);
    })
    .await;
}
