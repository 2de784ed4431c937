use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use comfycontrol_emulator::{Emulator, Limit};
use serde_json::Value;

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

/// Fifty calls at once by each of those that are installed, and their names.
fn clients(port: &str) -> Vec<(&'static str, Child)> {
    let url = format!("http://127.0.0.1:{port}/v1/user?[1-50]");
    let curl = |name: &'static str, more: &'static str| {
        let caller = format!("x-caller: {name}");
        let mut command = Command::new("curl");
        command.args([
            "-sS",
            "-f",
            "-Z",
            "--parallel-max",
            "50",
            "--parallel-immediate",
        ]);
        command.args(["-o", "/dev/null", "-H", &caller, more, &url]);
        (name, command)
    };
    let interpreted = |name: &'static str, program: &str, flag: &str, code: &str| {
        let mut command = Command::new(program);
        command.args([flag, code, port]);
        (name, command)
    };
    let all = [
        curl("curl", "--http1.1"),
        curl("curl-h2c", "--http2-prior-knowledge"),
        interpreted("python", "python3", "-c", PYTHON),
        interpreted("node", "node", "-e", NODE),
    ];
    let begun = all.into_iter().filter_map(|(name, mut command)| {
        if name == "curl-h2c" && !curl_speaks_http_2() {
            return None;
        }
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
    let count = clients.len();
    let calls: Vec<Value> = (0..50 * count).map(|_| next()).collect();
    for (name, mut client) in clients {
        let ended = tokio::task::block_in_place(|| client.wait()).unwrap();
        assert!(ended.success(), "{name}");
    }
    gateway.kill().unwrap();
    gateway.wait().unwrap();
    let edge = account.emulator.edge();
    assert_eq!((edge.requests(), edge.throttled()), (50 * count as u64, 0));

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
    let fair = end.saturating_sub(begin) / count.max(1);
    assert!(
        shares.values().all(|share| share + 2 >= fair * 9 / 10),
        "{shares:?} of {fair}"
    );
}
