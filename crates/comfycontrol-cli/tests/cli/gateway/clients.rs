use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use comfycontrol_emulator::{Emulator, Limit};
use http::StatusCode;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::support::Account;

const PYTHON: &str = "
import http.client, sys, threading
def call():
    gateway = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))
    gateway.request('GET', '/v1/user', headers={'X-Caller': 'python'})
    assert gateway.getresponse().status == 200
threads = [threading.Thread(target=call) for _ in range(50)]
for thread in threads: thread.start()
for thread in threads: thread.join()
";

const NODE: &str = "
const call = () => fetch(`http://127.0.0.1:${process.argv[1]}/v1/user`, {headers: {'x-caller': 'node'}});
Promise.all(Array.from({length: 50}, call)).then(all => {
  if (all.some(response => response.status !== 200)) process.exit(1);
});
";

const CALLS: u64 = 50;

/// As many calls at once by each of those that are installed, and their names.
fn clients(port: &str) -> Vec<(&'static str, Child)> {
    // One caller, over both versions where it has both.
    let has_both = curl_speaks_http_2();
    let each = if has_both { CALLS / 2 } else { CALLS };
    let url = format!("http://127.0.0.1:{port}/v1/user?[1-{each}]");
    let curl = |more: &'static str| {
        let mut command = Command::new("curl");
        command.args(["-sS", "-f", "-Z", "--parallel-max", "50"]);
        command.args(["--parallel-immediate", "-o", "/dev/null"]);
        command.args(["-H", "x-caller: curl", more, &url]);
        ("curl", command)
    };
    let interpreted = |name: &'static str, program: &str, flag: &str, code: &str| {
        let mut command = Command::new(program);
        command.args([flag, code, port]);
        (name, command)
    };
    let all = [
        curl("--http1.1"),
        curl("--http2-prior-knowledge"),
        interpreted("python", "python3", "-c", PYTHON),
        interpreted("node", "node", "-e", NODE),
    ];
    let is_left_out = |place| place == 1 && !has_both;
    let begun = all
        .into_iter()
        .enumerate()
        .filter(|(place, _)| !is_left_out(*place));
    let begun = begun.filter_map(|(_, (name, mut command))| {
        // curl shows its progress there.
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().ok()?;
        Some((name, child))
    });
    begun.collect()
}

fn curl_speaks_http_2() -> bool {
    let version = Command::new("curl").arg("--version").output();
    version.is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains("HTTP2"))
}

/// The same by reqwest.
fn reqwest(port: &str) -> JoinSet<StatusCode> {
    // Without TLS it needs none, but where the workspace is built as a whole it asks for one.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://127.0.0.1:{port}/v1/user");
    (0..CALLS)
        .map(|_| client.get(&url).header("x-caller", "reqwest").send())
        .map(|call| async move { call.await.unwrap().status() })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_calls_of_real_clients_share_fairly_and_meet_no_429() {
    let limit = Limit::new(40, Duration::from_secs(1)).unwrap();
    let account = Account::of(Emulator::builder().limit(limit)).await;
    let arguments = [
        "gateway",
        "--listen",
        "127.0.0.1:0",
        "--json",
        "--quota",
        "40/1",
    ];
    let mut gateway = account
        .command(&arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(gateway.stdout.take().unwrap()).lines();
    let mut next = || -> Value {
        let line = tokio::task::block_in_place(|| lines.next())
            .expect("a line")
            .unwrap();
        serde_json::from_str(&line).unwrap()
    };
    next();
    let listening = next();
    let (_, port) = listening["listening"]
        .as_str()
        .unwrap()
        .rsplit_once(':')
        .unwrap();

    let clients = clients(port);
    let of_reqwest = reqwest(port);
    let keys: HashSet<_> = clients
        .iter()
        .map(|(name, _)| *name)
        .chain(["reqwest"])
        .collect();
    let count = keys.len() as u64;
    let calls: Vec<Value> = (0..CALLS * count).map(|_| next()).collect();
    assert!(
        of_reqwest
            .join_all()
            .await
            .iter()
            .all(|status| *status == 200)
    );
    for (name, mut client) in clients {
        let ended = tokio::task::block_in_place(|| client.wait()).unwrap();
        assert!(ended.success(), "{name}");
    }
    gateway.kill().unwrap();
    gateway.wait().unwrap();
    let edge = account.emulator.edge();
    assert_eq!((edge.requests(), edge.throttled()), (CALLS * count, 0));

    // From when each had begun to wait until the first was done, turns were alike.
    let waits = |call: &&Value| call["waited_seconds"].as_f64().unwrap() > 0.2;
    let names: Vec<&str> = calls
        .iter()
        .filter(waits)
        .map(|call| call["caller"].as_str().unwrap())
        .collect();
    let place = |last: bool| -> HashMap<&str, usize> {
        let all = names.iter().enumerate().map(|(place, name)| (*name, place));
        if last {
            all.collect()
        } else {
            all.rev().collect()
        }
    };
    let begin = place(false).into_values().max().unwrap_or_default();
    let end = place(true).into_values().min().unwrap_or_default();
    let mut shares: HashMap<&str, usize> = HashMap::new();
    for name in names.get(begin..end).unwrap_or_default() {
        *shares.entry(name).or_default() += 1;
    }
    let fair = end.saturating_sub(begin) / keys.len();
    assert!(
        shares.values().all(|share| share + 2 >= fair * 9 / 10),
        "{shares:?} of {fair}"
    );
}
