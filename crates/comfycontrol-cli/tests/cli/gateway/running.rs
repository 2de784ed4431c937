use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

use serde_json::Value;

use crate::support::Account;

/// The program as a gateway, killed at the end unless it has ended.
pub(super) struct Gateway {
    pub(super) child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    place: String,
}

impl Gateway {
    pub(super) fn of(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut gateway = Self {
            child,
            lines,
            place: String::new(),
        };
        let _upstream = gateway.line();
        let listening = gateway.line();
        let address = listening.split_whitespace().last().unwrap();
        gateway.place = address
            .split_once(':')
            .unwrap()
            .1
            .trim_start_matches('/')
            .to_owned();
        gateway
    }

    pub(super) fn line(&mut self) -> String {
        let line = tokio::task::block_in_place(|| self.lines.next());
        line.unwrap_or_else(|| panic!("no line: {}", self.complaint()))
            .unwrap()
    }

    pub(super) fn complaint(&mut self) -> String {
        let mut text = String::new();
        _ = self.child.stderr.take().unwrap().read_to_string(&mut text);
        text
    }

    pub(super) fn port(&self) -> &str {
        self.place.split_once(':').unwrap().1
    }

    pub(super) fn get(&self, path: &str, fields: &str) -> String {
        tokio::task::block_in_place(|| get(&self.place, path, fields))
    }

    /// Sends that text, and gives all that comes until the gateway closes.
    pub(super) fn say(&self, text: &str) -> String {
        tokio::task::block_in_place(|| say(&self.place, text))
    }

    /// As [`get`](Self::get), on a thread of its own.
    pub(super) fn begin(&self, path: &'static str, fields: &'static str) -> JoinHandle<String> {
        let place = self.place.clone();
        std::thread::spawn(move || get(&place, path, fields))
    }

    /// What the page is told.
    pub(super) fn state(&self) -> Value {
        let response = self.get("/_/state", "");
        let (_, body) = response.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    pub(super) fn terminate(&self) {
        let kill = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        assert!(kill.unwrap().success());
    }

    /// What it still prints and complains of, until it has ended.
    pub(super) fn rest(&mut self) -> String {
        let mut text = String::new();
        while let Some(line) = tokio::task::block_in_place(|| self.lines.next()) {
            text += &line.unwrap();
            text.push('\n');
        }
        text + &tokio::task::block_in_place(|| self.complaint())
    }

    /// Its last line, once it has ended well.
    pub(super) fn ended(mut self) -> String {
        let mut last = String::new();
        while let Some(line) = tokio::task::block_in_place(|| self.lines.next()) {
            last = line.unwrap();
        }
        let status = tokio::task::block_in_place(|| self.child.wait()).unwrap();
        assert!(status.success(), "{}", self.complaint());
        last
    }
}

fn get(place: &str, path: &str, fields: &str) -> String {
    say(
        place,
        &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{fields}\r\n"),
    )
}

fn say(place: &str, text: &str) -> String {
    let mut stream = TcpStream::connect(place).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut response = Vec::new();
    // What was sent may have been more than was read.
    _ = stream.read_to_end(&mut response);
    String::from_utf8_lossy(&response).into_owned()
}

impl Drop for Gateway {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// With what a shim of the shell's interpreter may need.
pub(super) fn tool(name: &str) -> Option<Command> {
    let found = Command::new(name)
        .arg("--version")
        .output()
        .is_ok_and(|out| out.status.success());
    found.then(|| Command::new(name))
}

pub(super) fn gateway(account: &Account, arguments: &[&str]) -> Command {
    let port = ["gateway", "--listen", "127.0.0.1:0"];
    account.command(&[&port[..], arguments].concat())
}
