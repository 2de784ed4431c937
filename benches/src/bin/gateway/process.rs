use std::io::{BufRead, BufReader, Lines, Read, Write, stdin};
use std::process::{Child, ChildStdout, Command, Stdio};

use tokio::sync::mpsc::channel;

/// This program in another role, killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Process {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::of(
            Command::new(std::env::current_exe().expect("this program")),
            arguments,
        )
    }

    /// One whose instructions are counted, where that can be done.
    pub(crate) fn counted(arguments: &[&str]) -> Self {
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
        command.arg(std::env::current_exe().expect("this program"));
        command.stderr(Stdio::piped());
        Self::of(command, arguments)
    }

    fn of(mut command: Command, arguments: &[&str]) -> Self {
        command.args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let said = child.stdout.take().expect("it is piped");
        Self {
            child,
            said: BufReader::new(said).lines(),
        }
    }

    /// The next line that it says.
    pub(crate) fn line(&mut self) -> String {
        self.said.next().expect("it goes on").expect("text")
    }

    /// What it says to one more line.
    pub(crate) fn ask(&mut self) -> String {
        let mut input = self.child.stdin.as_ref().expect("it is piped");
        input.write_all(b"\n").expect("it listens");
        self.line()
    }

    /// Ends it; how many instructions it took, if they were counted.
    pub(crate) fn instructions(mut self) -> Option<u64> {
        drop(self.child.stdin.take());
        let mut text = String::new();
        let errors = self.child.stderr.as_mut()?;
        errors.read_to_string(&mut text).ok()?;
        let (_, collected) = text.split_once("Collected : ")?;
        collected.split_whitespace().next()?.parse().ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Says something to each line of the input, until that ends.
pub(crate) async fn respond(mut say: impl FnMut() -> String) {
    let (send, mut lines) = channel(1);
    std::thread::spawn(move || {
        for line in stdin().lines() {
            if line.is_err() || send.blocking_send(()).is_err() {
                return;
            }
        }
    });
    while lines.recv().await.is_some() {
        println!("{}", say());
    }
}
