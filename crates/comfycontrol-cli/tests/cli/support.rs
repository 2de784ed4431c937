use std::process::{Command, Output, Stdio};
use std::time::Duration;

use comfycontrol_emulator::{Algorithm, Block, Emulator, EmulatorBuilder, Limit};
use serde_json::Value;

/// An account at an emulator, and the program that asks it.
pub(crate) struct Account {
    pub(crate) emulator: Emulator,
    pub(crate) token: String,
}

impl Account {
    pub(crate) async fn open() -> Self {
        Self::of(Emulator::builder()).await
    }

    pub(crate) async fn of(builder: EmulatorBuilder) -> Self {
        let emulator = builder.start().await.expect("loopback");
        let token = emulator.tokens().create("test", None);
        Self { emulator, token }
    }

    /// At a server that takes 4 requests in so many seconds, and blocks for one.
    pub(crate) async fn of_four_in(seconds: u64, builder: EmulatorBuilder) -> Self {
        let limit = Limit::new(4, Duration::from_secs(seconds)).expect("a limit");
        let phase = Duration::ZERO;
        let limit = limit.algorithm(Algorithm::SlidingCounter { phase });
        let limit = limit.block(Block::For(Duration::from_secs(1)));
        Self::of(builder.limit(limit)).await
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(arguments);
        command
            .env("COMFYCONTROL_TOKEN", &self.token)
            .args(["--base-url", &self.emulator.http_url()]);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments))
    }
}

/// The program in an environment of its own, whose limit no other program shares.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comfycontrol"));
    command.env_clear().args(arguments).stdin(Stdio::null());
    command.env("COMFYCONTROL_BUDGET", "off");
    command
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Runs it to its end. The emulator serves from the other threads of the runtime.
    pub(crate) fn of(mut command: Command) -> Self {
        let Output {
            status,
            stdout,
            stderr,
        } = tokio::task::block_in_place(|| command.output()).expect("runs");
        Self {
            code: status.code(),
            out: String::from_utf8(stdout).expect("text"),
            err: String::from_utf8(stderr).expect("text"),
        }
    }

    /// What it printed, if it succeeded.
    #[track_caller]
    pub(crate) fn printed(self) -> String {
        assert_eq!(
            (self.code, self.err.as_str()),
            (Some(0), ""),
            "{}",
            self.out
        );
        self.out
    }

    #[track_caller]
    pub(crate) fn lines(self) -> Vec<Value> {
        let values = self.printed();
        let values = values.lines().map(serde_json::from_str);
        values.collect::<Result<_, _>>().expect("a value a line")
    }
}

/// Ctrl-C for one process.
pub(crate) fn interrupt(process: u32) {
    signal("-INT", process);
}

/// Asks one process to end.
pub(crate) fn signal(signal: &str, process: u32) {
    let kill = Command::new("kill")
        .args([signal, &process.to_string()])
        .status();
    assert!(kill.unwrap().success());
}
