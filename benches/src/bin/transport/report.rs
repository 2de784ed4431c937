//! The tables.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Command};

const MIB: usize = 1 << 20;

/// Where the server is.
struct Server {
    h2: String,
    h1: String,
    plain: String,
    asked: u16,
    h2_at_100: String,
    h1_at_100: String,
    h2_at_20: String,
    ca: String,
}

/// Milliseconds, processor time, memory, connections.
type Row = [f64; 4];

pub(crate) fn print(program: &Path, server: &mut Child, rounds: usize, only: &str) {
    let mut line = String::new();
    let output = server.stdout.take().expect("it is piped");
    let _ = BufReader::new(output).read_line(&mut line);
    let words: Vec<_> = line.split_whitespace().collect();
    let [h2, h1, plain, asked, h2_100, h1_100, h2_20, _, ca] = words[..] else {
        panic!("the server said {line:?}");
    };
    let tls = |port: &str| format!("https://localhost:{port}");
    let server = Server {
        h2: tls(h2),
        h1: tls(h1),
        plain: format!("http://127.0.0.1:{plain}"),
        asked: asked.parse().expect("a port"),
        h2_at_100: tls(h2_100),
        h1_at_100: tls(h1_100),
        h2_at_20: tls(h2_20),
        ca: ca.to_owned(),
    };
    let table = |name: &str, cases: &[(&str, Case<'_>)]| {
        if name.contains(only) {
            println!("\n{name}");
            println!("| | ms | processor, ms | memory, MiB | connections |");
            println!("|---|---:|---:|---:|---:|");
            for ((name, _), row) in cases.iter().zip(turns(program, &server, cases, rounds)) {
                let [ms, cpu, memory, connections] = row;
                println!("| {name} | {ms:.2} | {cpu:.1} | {memory} | {connections} |");
            }
        }
    };
    let case = |subject, what, calls, bytes, base, times| Case::Ours {
        subject,
        what,
        calls,
        bytes,
        base,
        times,
    };
    let (s, h2, h1) = (&server, &server.h2, &server.h1);
    for calls in [40, 200] {
        let burst = |subject| case(subject, "cold", calls, 100, h2, 10);
        table(
            &format!("burst of {calls} cold calls, HTTP/2 by ALPN (of 10 clients)"),
            &[
                ("ours", burst("ours")),
                ("reqwest", burst("reqwest")),
                ("hyper-util", burst("legacy")),
            ],
        );
    }
    let burst = |subject| case(subject, "cold", 40, 100, h1, 10);
    table(
        "burst of 40 cold calls, HTTP/1.1 (of 10 clients)",
        &[("ours", burst("ours")), ("unbounded", burst("unbounded"))],
    );
    for (name, base, calls) in [
        ("download of 128 MiB at 100 ms", &s.h2_at_100, 1),
        ("download of 128 MiB at 20 ms", &s.h2_at_20, 1),
        ("four downloads of 32 MiB at 20 ms", &s.h2_at_20, 4),
    ] {
        let bytes = 128 * MIB / calls;
        let get = |subject| case(subject, "cold", calls, bytes, base, 1);
        let curl = Case::Curl {
            url: format!("{base}/{bytes}"),
            calls,
            upload: None,
        };
        table(
            name,
            &[
                ("ours", get("ours")),
                ("hyper-util", get("legacy")),
                ("curl", curl),
            ],
        );
    }
    for unread in [0, 5, 20, 60] {
        let behind = |subject| case(subject, "unread", unread, 8 * MIB, h2, 1);
        let name = format!("a small call behind {unread} unread responses of 8 MiB");
        table(&name, &[("ours", behind("ours"))]);
    }
    for (name, base) in [
        ("upload of 50 MB at 100 ms, HTTP/2", &s.h2_at_100),
        ("upload of 50 MB at 100 ms, HTTP/1.1", &s.h1_at_100),
    ] {
        let post = |subject| case(subject, "upload", 1, 50_000_000, base, 1);
        let file = std::env::temp_dir().join("comfycontrol-bench-upload");
        std::fs::write(&file, vec![b'x'; 50_000_000]).expect("a file");
        let curl = Case::Curl {
            url: format!("{base}/0"),
            calls: 1,
            upload: Some(file.display().to_string()),
        };
        table(
            name,
            &[
                ("ours", post("ours")),
                ("hyper-util", post("legacy")),
                ("curl", curl),
            ],
        );
    }
    for (wire, base) in [("plain", &s.plain), ("HTTP/1.1", h1), ("HTTP/2", h2)] {
        for callers in [1, 8] {
            let calls = |subject| case(subject, "warm", callers, 100, base, 1);
            table(
                &format!("a thousand requests, {wire}, {callers} callers"),
                &[("ours", calls("ours")), ("hyper-util", calls("legacy"))],
            );
        }
    }
    if "instructions".contains(only) {
        println!("\ninstructions for a request, of the client alone, one caller");
        println!("| | ours | hyper-util |");
        println!("|---|---:|---:|");
        for (wire, base) in [("plain", &s.plain), ("HTTP/1.1", h1), ("HTTP/2", h2)] {
            let [ours, legacy] = ["ours", "legacy"].map(|subject| {
                let counted = counted(program, &server.ca, base, subject);
                counted.map_or("no valgrind".to_owned(), |count| count.to_string())
            });
            println!("| {wire} | {ours} | {legacy} |");
        }
    }
    let _ = std::fs::remove_file(&server.ca);
}

/// What valgrind counts, where it is there.
fn counted(program: &Path, ca: &str, base: &str, subject: &str) -> Option<u64> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(program);
    command.args(["measure", subject, "warm", "1", "100", base, ca]);
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let (_, collected) = text.split_once("Collected : ")?;
    let collected: u64 = collected.split_whitespace().next()?.parse().ok()?;
    Some(collected / WARM)
}

enum Case<'a> {
    Ours {
        subject: &'a str,
        what: &'a str,
        calls: usize,
        bytes: usize,
        base: &'a str,
        times: usize,
    },
    Curl {
        url: String,
        calls: usize,
        /// The file.
        upload: Option<String>,
    },
}

/// The medians of all cases, which take turns.
fn turns(program: &Path, server: &Server, cases: &[(&str, Case<'_>)], rounds: usize) -> Vec<Row> {
    let mut rows = vec![Vec::new(); cases.len()];
    for _ in 0..rounds {
        for ((_, case), rows) in cases.iter().zip(&mut rows) {
            rows.push(once(program, server, case));
        }
    }
    rows.iter()
        .map(|rows| {
            std::array::from_fn(|column| {
                let mut values: Vec<_> = rows.iter().map(|row: &Row| row[column]).collect();
                values.sort_by(f64::total_cmp);
                values[values.len() / 2]
            })
        })
        .collect()
}

fn once(program: &Path, server: &Server, case: &Case<'_>) -> Row {
    connections(server.asked);
    let (mut command, of_curl, times) = match case {
        Case::Ours {
            subject,
            what,
            calls,
            bytes,
            base,
            times,
        } => {
            let mut command = Command::new("timeout");
            command
                .arg("60")
                .arg(program)
                .args(["measure", subject, what]);
            command.args([calls.to_string(), bytes.to_string()]);
            command.args([base, &*server.ca, "--times", &times.to_string()]);
            (command, false, *times)
        }
        Case::Curl { url, calls, upload } => {
            let mut command = Command::new("curl");
            command.args([
                "--silent",
                "--show-error",
                "--cacert",
                &server.ca,
                "--max-time",
                "60",
            ]);
            command.args(["--parallel", "--write-out", "%{time_total}\\n"]);
            if let Some(file) = upload {
                command.args(["--header", "Expect:", "--data-binary", &format!("@{file}")]);
            }
            for _ in 0..*calls {
                command.args(["--output", "/dev/null", url]);
            }
            (command, true, 1)
        }
    };
    let output = command.output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = text
        .split_whitespace()
        .filter_map(|word| word.parse::<f64>().ok());
    let made = connections(server.asked) as f64 / times as f64;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        eprintln!("{:?}: {error}", command.get_args());
        return [f64::NAN; 4];
    }
    if of_curl {
        // The last of those at once.
        let ms = numbers.fold(0.0, f64::max) * 1_000.0;
        return [ms, f64::NAN, f64::NAN, made];
    }
    let mut next = || numbers.next().unwrap_or(f64::NAN);
    [next(), next(), next(), made]
}

/// How many there were since the last time.
fn connections(asked: u16) -> usize {
    let mut text = String::new();
    if let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, asked)) {
        let _ = stream.read_to_string(&mut text);
    }
    text.parse().unwrap_or(0)
}

/// How many requests a client makes that is measured warm, by one caller.
const WARM: u64 = 2_020;
