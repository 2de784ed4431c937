//! Real rate limiters of servers as judges: HAProxy's and nginx's own, as they are installed.

use std::env;
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol::retry::RetryPolicy;
use comfycontrol::{Client, RateLimitMode};
use comfycontrol_test::port;
use futures_util::future::join_all;
use http::StatusCode;
use tempfile::TempDir;
use tokio::time::sleep;

/// In a second, where the API has ten: the same calls take a tenth of the time.
#[tokio::test]
async fn haproxy_which_counts_in_a_sliding_window_throttles_no_call() {
    haproxy(1).await;
}

#[tokio::test]
#[ignore = "takes a minute and a half"]
async fn haproxy_with_the_window_of_the_api_throttles_no_call() {
    haproxy(10).await;
}

async fn haproxy(seconds: u64) {
    judge("haproxy", seconds, |directory, port| {
        let config = format!(
            "global\n maxconn 2000\n\
             defaults\n mode http\n timeout client 60s\n timeout connect 5s\n timeout server 60s\n\
             frontend api\n bind 127.0.0.1:{port}\n \
             stick-table type ip size 1k expire 60s store http_req_rate({seconds}s)\n \
             http-request track-sc0 src\n \
             http-request return status 429 if {{ sc_http_req_rate(0) gt 40 }}\n \
             http-request return status 200 content-type text/plain string fine\n"
        );
        let path = directory.join("haproxy.cfg");
        fs::write(&path, config).unwrap();
        vec!["-db".into(), "-f".into(), path]
    })
    .await;
}

#[tokio::test]
async fn nginx_which_counts_in_a_leaky_bucket_throttles_no_call() {
    judge("nginx", 1, |directory, port| {
        let here = directory.display();
        let config = format!(
            "daemon off; master_process off; pid {here}/pid; error_log stderr crit;\n\
             events {{ worker_connections 1024; }}\n\
             http {{\n access_log off;\n client_body_temp_path {here}; proxy_temp_path {here};\n \
             fastcgi_temp_path {here}; uwsgi_temp_path {here}; scgi_temp_path {here};\n \
             limit_req_zone $binary_remote_addr zone=api:1m rate=40r/s;\n limit_req_status 429;\n \
             server {{\n listen 127.0.0.1:{port};\n root {here};\n \
             location / {{ limit_req zone=api burst=39 nodelay; try_files /fine =404; }}\n }}\n}}\n"
        );
        let path = directory.join("nginx.conf");
        fs::write(&path, config).unwrap();
        fs::write(directory.join("fine"), "fine").unwrap();
        vec!["-c".into(), path, "-p".into(), directory.into()]
    })
    .await;
}

/// 240 calls at once, with the limiter and without, by a server that allows 40 in so many seconds.
async fn judge(program: &str, seconds: u64, config: impl Fn(&Path, u16) -> Vec<PathBuf>) {
    let Some(path) = installed(program) else {
        return;
    };
    let engine = Engine::start(&path, config);
    let window = Duration::from_secs(seconds);
    let limiter = Limiter::new(Quota::new(40, window).unwrap());
    let limited = statuses(&engine, limiter.into(), 240).await;
    assert_eq!(limited, [StatusCode::OK; 240], "{program}");

    // The judge judges.
    sleep(2 * window).await;
    let unlimited = statuses(&engine, RateLimitMode::Off, 240).await;
    let throttled = unlimited
        .iter()
        .filter(|status| **status == StatusCode::TOO_MANY_REQUESTS);
    assert!(throttled.count() > 40, "{program}: {unlimited:?}");
}

async fn statuses(engine: &Engine, limit: RateLimitMode, calls: usize) -> Vec<StatusCode> {
    let client = Client::builder()
        .base_url(format!("http://127.0.0.1:{}", engine.port))
        .without_token()
        .rate_limit(limit)
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let calls = (0..calls).map(|_| async {
        match client.get("/v1/user").send().await {
            Ok(response) => response.status(),
            Err(error) => error.status().unwrap_or_else(|| panic!("{error}")),
        }
    });
    join_all(calls).await
}

/// A server on a port and in a directory of its own, which ends with the test.
struct Engine {
    child: Child,
    port: u16,
    _directory: TempDir,
}

impl Engine {
    fn start(program: &Path, config: impl Fn(&Path, u16) -> Vec<PathBuf>) -> Self {
        // Another may take the port that was free.
        for _ in 0..5 {
            let directory = tempfile::tempdir().unwrap();
            let port = port();
            let arguments = config(directory.path(), port);
            let child = Command::new(program)
                .args(arguments)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            let mut engine = Self {
                child,
                port,
                _directory: directory,
            };
            if engine.listens() {
                return engine;
            }
        }
        panic!("{} does not start", program.display());
    }

    fn listens(&mut self) -> bool {
        for _ in 0..200 {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                // Unless that was another: then this one cannot have the port, and ends.
                wait_a_little();
                return self.child.try_wait().unwrap().is_none();
            }
            wait_a_little();
        }
        false
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "another process starts in its own time"
)]
fn wait_a_little() {
    std::thread::sleep(Duration::from_millis(50));
}

/// Where it is installed. One that is not is said to be missing, and fails the test if
/// `ENGINES_REQUIRED` is set.
fn installed(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let found = env::split_paths(&path)
        .chain(system)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file());
    if found.is_none() {
        assert!(
            env::var_os("ENGINES_REQUIRED").is_none(),
            "{program} is not installed"
        );
        // Seen although the test passes: only what is printed is kept back.
        let missing = format!("skipped: no {program}, which .ci/run installs\n");
        _ = std::io::stderr().write_all(missing.as_bytes());
    }
    found
}
