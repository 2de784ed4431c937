use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use http::HeaderName;

#[derive(Args, Debug)]
pub(crate) struct GatewayArguments {
    /// Listens at this address; one that other machines can reach wants callers' keys and TLS.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8099")]
    pub(super) listen: SocketAddr,
    /// Listens at a Unix socket of this path, which only this user can reach.
    #[cfg(unix)]
    #[arg(long, value_name = "PATH", conflicts_with_all = ["listen", "tls_key"])]
    pub(super) unix: Option<PathBuf>,
    /// Sends calls to an emulator of the API, in this process, in place of the API; its limit is
    /// not shared.
    #[arg(long, conflicts_with_all = ["base_url", "ca", "token_file", "token_command", "budget"])]
    pub(super) emulate: bool,
    /// How long a run takes at the emulator, in seconds.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 10,
        requires = "emulate"
    )]
    pub(super) run_time: u64,
    /// Runs this program for the token, words apart, without a shell; again once a minute and after
    /// a 401.
    #[arg(long, value_name = "COMMAND", conflicts_with = "token_file")]
    pub(super) token_command: Option<String>,
    /// Takes calls for this host too, not only for the names of this machine.
    #[arg(long = "host", value_name = "NAME")]
    pub(super) hosts: Vec<String>,
    /// Lets in only who shows a key of this file: lines of NAME and HASH, read again when it
    /// changes.
    #[arg(long, value_name = "PATH")]
    pub(super) caller_keys: Option<PathBuf>,
    /// Prints a new caller's key and its line for that file, and does nothing else.
    #[arg(long, value_name = "NAME")]
    pub(super) new_key: Option<String>,
    /// Speaks TLS with these certificates, in PEM, its own first.
    #[arg(long, value_name = "PATH", requires = "tls_key")]
    pub(super) tls_certificate: Option<PathBuf>,
    /// The key of the first certificate, in PEM.
    #[arg(long, value_name = "PATH", requires = "tls_certificate")]
    pub(super) tls_key: Option<PathBuf>,
    /// Tells callers apart by this header where they have no keys, else by address or user.
    #[arg(long, value_name = "NAME", default_value = "x-caller")]
    pub(super) caller_header: HeaderName,
    /// How long a call waits for its turn, 0: now or not at all; a caller may ask for less by
    /// `Prefer: wait=SECONDS`.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(super) max_wait: u64,
    /// How many calls may wait behind the one that is next.
    #[arg(long, value_name = "CALLS", default_value_t = 1_000)]
    pub(super) max_queued: usize,
    /// How large the body of a call may be.
    #[arg(long, value_name = "MEBIBYTES", default_value_t = 256)]
    pub(super) max_body: u64,
    /// Keeps bodies above 1 MiB on the file system of this directory while they wait.
    #[arg(long, value_name = "DIRECTORY")]
    pub(super) spool: Option<PathBuf>,
    /// How long calls that have left may take once the gateway is told to stop.
    #[arg(long, value_name = "SECONDS", default_value_t = 25)]
    pub(super) drain: u64,
    /// Prints no line for each call.
    #[arg(long, short)]
    pub(super) quiet: bool,
}

impl GatewayArguments {
    pub(super) fn is_unix(&self) -> bool {
        #[cfg(unix)]
        return self.unix.is_some();
        #[cfg(not(unix))]
        false
    }
}
