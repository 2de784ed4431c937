//! Processes: started, listened to, stopped and killed.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use clap::ValueEnum;
use comfycontrol_test::now;
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::role::{Kind, Role};

/// A line that a process has printed, or its end.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) process: u32,
    pub(crate) line: Option<String>,
}

/// What it holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) memory_kib: u64,
    pub(crate) descriptors: u64,
}

#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) number: u32,
    pub(crate) kind: Kind,
    pub(crate) since: Instant,
    child: Child,
    input: Option<ChildStdin>,
    /// When it was stopped, and until when it is.
    pub(crate) stopped: Option<(Instant, Instant)>,
    pub(crate) is_finishing: bool,
}

impl Process {
    /// Starts it.
    pub(crate) fn start(role: &Role, seed: u64, said: &mpsc::UnboundedSender<Said>) -> Self {
        let kind = role.role.expect("a child has a role");
        // This program, even if its file was built anew meanwhile: an hour is long.
        let mut command = Command::new("/proc/self/exe");
        command.arg("--role").arg(name(kind));
        command.arg("--seed").arg(seed.to_string());
        command.arg("--process").arg(role.process.to_string());
        command.arg("--directory").arg(&role.directory);
        command.arg("--port").arg(role.port.to_string());
        command.arg("--listen").arg(role.listen.to_string());
        command.arg("--place").arg(role.place.to_string());
        if let Some(sabotage) = role.sabotage {
            command.arg("--sabotage").arg(name(sabotage));
        }
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = pipes.stderr(Stdio::piped()).spawn().expect("a process");
        let number = role.process;
        listen(number, child.stdout.take().expect("a pipe"), said, true);
        listen(number, child.stderr.take().expect("a pipe"), said, false);
        Self {
            number,
            kind,
            since: now(),
            input: child.stdin.take(),
            child,
            stopped: None,
            is_finishing: false,
        }
    }

    /// Tells it to make no further call. It must not be stopped.
    pub(crate) fn finish(&mut self) {
        self.is_finishing = true;
        if let Some(input) = &mut self.input {
            let _ = input.write_all(b"stop\n").and_then(|()| input.flush());
        }
    }

    pub(crate) fn stop(&mut self, time: Duration) {
        self.signal(Signal::STOP);
        self.stopped = Some((now(), now() + time));
    }

    /// Lets it go on; how long it was stopped.
    pub(crate) fn go_on(&mut self) -> Duration {
        self.signal(Signal::CONT);
        let stopped = self.stopped.take();
        stopped.map_or(Duration::ZERO, |(since, _)| since.elapsed())
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(crate) fn usage(&self) -> Option<Usage> {
        let place = format!("/proc/{}", self.child.id());
        let place = Path::new(&place);
        let status = std::fs::read_to_string(place.join("status")).ok()?;
        let mut lines = status.lines();
        let memory = lines.find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(Usage {
            memory_kib: memory.split_whitespace().next()?.parse().ok()?,
            descriptors: std::fs::read_dir(place.join("fd")).ok()?.count() as u64,
        })
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let _ = kill_process(id.expect("an id"), signal);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn name(value: impl ValueEnum) -> String {
    let value = value.to_possible_value().expect("it is not hidden");
    value.get_name().to_owned()
}

/// Passes on what it prints, and its end after all it has printed.
fn listen(
    process: u32,
    pipe: impl Read + Send + 'static,
    said: &mpsc::UnboundedSender<Said>,
    tells_end: bool,
) {
    let said = said.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let line = Some(line);
            let _ = said.send(Said { process, line });
        }
        if tells_end {
            let line = None;
            let _ = said.send(Said { process, line });
        }
    });
}
