//! What it costs hyper to be told how many fields a response head may have, over HTTP/1.1: requests
//! over a connection in memory, with hyper's default of 100 and with bounds that are set.

use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use clap::{Args, Parser, Subcommand};
use comfycontrol_test::now;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Subcommand)]
enum Task {
    /// One of them, to be counted from outside.
    Requests(Requests),
}

#[derive(Args)]
struct Requests {
    count: usize,
    #[arg(long)]
    max_headers: Option<usize>,
}

const BOUNDS: [Option<usize>; 4] = [None, Some(100), Some(101), Some(1_000)];
const TURNS: usize = 41;
const EACH: usize = 2_000;

fn main() {
    if let Some(Task::Requests(task)) = Options::parse().task {
        requests(task.count, task.max_headers);
        return;
    }
    let mut took = vec![Vec::new(); BOUNDS.len()];
    for _ in 0..TURNS {
        for (bound, took) in BOUNDS.iter().zip(&mut took) {
            took.push(requests(EACH, *bound).as_nanos() as f64 / EACH as f64);
        }
    }
    println!("| max_headers | ns for a request | instructions for a request |");
    println!("|---|---:|---:|");
    for (bound, mut took) in BOUNDS.iter().zip(took) {
        took.sort_by(f64::total_cmp);
        let name = bound.map_or("hyper's default, 100".to_owned(), |bound| bound.to_string());
        let counted = counted(*bound).map_or("no valgrind".to_owned(), |count| count.to_string());
        println!("| {name} | {:.0} | {counted} |", took[took.len() / 2]);
    }
}

/// Instructions for a request, by two runs of this program that differ in nothing but how many
/// there are.
fn counted(max_headers: Option<usize>) -> Option<u64> {
    let run = |count: u64| {
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
        command.arg(std::env::current_exe().ok()?);
        command.args(["requests", &count.to_string()]);
        command.args(max_headers.map(|bound| format!("--max-headers={bound}")));
        let output = command.output().ok()?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let (_, collected) = text.split_once("Collected : ")?;
        collected.split_whitespace().next()?.parse::<u64>().ok()
    };
    Some((run(1_200)? - run(200)?) / 1_000)
}

/// So many requests, one after the other.
fn requests(count: usize, max_headers: Option<usize>) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(async {
        let (client, server) = duplex(64 * 1024);
        tokio::spawn(serve(server));
        let mut builder = http1::Builder::new();
        if let Some(bound) = max_headers {
            builder.max_headers(bound);
        }
        let shaken = builder.handshake(TokioIo::new(client)).await;
        let (mut sender, connection) = shaken.expect("a connection");
        tokio::spawn(connection);
        let began = now();
        for _ in 0..count {
            let req = Request::get("/v1/user").header("host", "localhost");
            let req = req.body(Empty::<Bytes>::new()).expect("a request");
            let res = sender.send_request(req).await.expect("a response");
            res.into_body().collect().await.expect("its body");
        }
        began.elapsed()
    })
}

async fn serve(mut client: DuplexStream) {
    let mut head = [0; 4_096];
    while client.read(&mut head).await.is_ok_and(|read| read > 0) {
        if client.write_all(RESPONSE).await.is_err() {
            return;
        }
    }
}

/// As many fields as the edge sends.
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\n\
    content-type: application/json\r\n\
    content-length: 2\r\n\
    date: Sat, 28 Nov 2026 10:00:00 GMT\r\n\
    server: cloudflare\r\n\
    cf-ray: 8c0ffee0ddba11-FRA\r\n\
    cf-cache-status: DYNAMIC\r\n\
    vary: accept-encoding\r\n\
    strict-transport-security: max-age=31536000\r\n\
    x-request-id: 0123456789abcdef\r\n\
    alt-svc: h3=\":443\"; ma=86400\r\n\r\n{}";
