//! What a process is told when it is started, and what it tells.

use std::io::BufRead;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use comfycontrol::ClientBuilder;
use comfycontrol::token::file;
use comfycontrol_benches::place::Place;
use comfycontrol_benches::process::tell;
use rustix::process::{Signal, set_parent_process_death_signal};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::terms;

/// The part of one process.
#[derive(Args, Clone, Debug)]
pub(crate) struct Role {
    /// What this process is
    #[arg(long, hide = true)]
    pub(crate) role: Option<Kind>,

    /// Its number
    #[arg(long, hide = true, default_value_t = 0)]
    pub(crate) process: u32,

    /// Where the server's certificate and the token are
    #[arg(long, hide = true, default_value = ".")]
    pub(crate) directory: PathBuf,

    /// The server's port, or that of a gateway
    #[arg(long, hide = true, default_value_t = 0)]
    pub(crate) port: u16,

    /// Where a gateway listens
    #[arg(long, hide = true, default_value_t = 0)]
    pub(crate) listen: u16,

    /// Where the budget is
    #[arg(long, hide = true, default_value = "memory")]
    pub(crate) place: Place,

    /// What it does wrong
    #[arg(long, hide = true)]
    pub(crate) sabotage: Option<Sabotage>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Kind {
    /// It keeps to the limit, and has the token.
    Client,
    /// It calls a gateway that does.
    Caller,
    Gateway,
}

/// What a process does wrong, for the judges to see.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Sabotage {
    /// Sends a POST twice.
    DoublePost,
    /// Changes a byte of a response.
    ChangedByte,
    /// Changes a byte of a request.
    ChangedUpload,
    /// Shows the token in what it prints.
    ShownToken,
    /// Shows the token in a header.
    SentToken,
    /// Forgets to close files.
    OpenFiles,
    /// Forgets memory.
    Memory,
    /// Sends calls past the limiter.
    NoLimit,
    /// Opens a connection for each call.
    Connections,
    /// Tells an outcome twice.
    TwoOutcomes,
    /// Tells no outcome.
    NoOutcome,
    /// Takes longer than a call may.
    Late,
    /// Leaves a task behind.
    Task,
    /// Says of a POST that failed that it was not done.
    FalseClaim,
}

impl Role {
    /// A client of the server, with its token.
    pub(crate) fn client(&self) -> ClientBuilder {
        let ca = std::fs::read(self.directory.join("ca.der")).expect("a certificate");
        comfycontrol::Client::builder()
            .base_url(format!("https://localhost:{}", self.port))
            .root_certificate(ca)
            .token_provider(file(self.directory.join("token")))
            .timeouts(terms::timeouts())
            .no_proxy()
    }
}

/// Has this process end with its starter, also while it is stopped. Becomes true when it is told to
/// stop.
pub(crate) fn listen() -> watch::Receiver<bool> {
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    let (stop, stopped) = watch::channel(false);
    std::thread::spawn(move || {
        for _ in std::io::stdin().lock().lines().map_while(Result::ok) {
            let _ = stop.send(true);
        }
        std::process::exit(0);
    });
    stopped
}

/// Tells how many tasks are left once all is dropped, and waits to be ended.
pub(crate) async fn rest() {
    let left = || Handle::current().metrics().num_alive_tasks();
    for _ in 0..100 {
        if left() == 0 {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    tell(format_args!("rest {}", left()));
    std::future::pending().await
}
