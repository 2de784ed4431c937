use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use comfycontrol::rate_limit::Quota;

use crate::commands::emulator::EmulatorArguments;
use crate::commands::gateway::GatewayArguments;

/// The ComfyControl API from a shell, within its rate limit.
#[derive(Debug, Parser)]
#[command(name = "comfycontrol", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Args, Debug)]
pub(crate) struct Global {
    /// Prints JSON, errors too: one value a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Reads the token from this file in place of COMFYCONTROL_TOKEN.
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) token_file: Option<PathBuf>,
    /// Another API than https://api.comfycontrol.app; plain http for this machine only.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Trusts one more certificate authority, in PEM.
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) ca: Option<PathBuf>,
    /// Shares the rate limit by this file, in place of COMFYCONTROL_BUDGET or, without that, the
    /// one that all your programs share for this API; `off`: with no other program.
    #[arg(long, global = true, value_name = "PATH|off")]
    pub(crate) budget: Option<PathBuf>,
    /// Keeps to this quota, as where machines behind one address have a share each.
    #[arg(long, global = true, value_name = "REQUESTS/SECONDS", value_parser = quota, default_value = "40/10")]
    pub(crate) quota: Quota,
    /// Gives the command up after so many seconds, waiting for the rate limit included; not the
    /// emulator and the gateway.
    #[arg(long, global = true, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows whose token it is.
    Whoami,
    /// Lists the runners.
    Runners(List),
    /// Lists the workflows, the newest first.
    Workflows(List),
    /// Runs a graph to its end, and saves what comes of it.
    Run(Run),
    /// Runs a graph for each row of a table, and goes on where it was, however often it is ended.
    Batch(Batch),
    /// Saves the outputs of a run that is completed.
    Save(Save),
    /// Asks to cancel a workflow.
    Cancel(Id),
    /// Sends a GET, and prints the body of the response.
    Get(Get),
    /// Sends a POST, and prints the body of the response.
    Post(Post),
    /// Checks token, clock, proxy and connection, in a line each.
    Doctor,
    /// Emulates the API on this machine, with its limit.
    Emulator(EmulatorArguments),
    /// Holds token and limit for every program of this machine, which call it over plain HTTP.
    Gateway(Box<GatewayArguments>),
    /// Prints a script that completes commands in a shell.
    Completions(Completions),
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// Only those with this status.
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// At most so many; all if it is not given.
    #[arg(long, short = 'n', value_name = "COUNT")]
    pub(crate) limit: Option<usize>,
}

#[derive(Args, Debug)]
pub(crate) struct Run {
    /// The graph, exported from ComfyUI in API format.
    pub(crate) graph: PathBuf,
    /// Saves the outputs in this directory; without it, their links are printed.
    #[arg(long, short, value_name = "DIRECTORY")]
    pub(crate) out: Option<PathBuf>,
    /// Replaces files of the same name.
    #[arg(long, requires = "out")]
    pub(crate) overwrite: bool,
    /// The value of $text(NAME) in the graph.
    #[arg(long = "param", short, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) params: Vec<(String, String)>,
    /// The value of $choice(NAME, ...) in the graph.
    #[arg(long = "choice", short, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) choices: Vec<(String, String)>,
    /// The file of $file(NAME) in the graph.
    #[arg(long = "file", short, value_name = "NAME=PATH", value_parser = pair)]
    pub(crate) files: Vec<(String, String)>,
    /// A name for the run; that of the file if it is not given.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// A tag that its runner must have.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// What no other run is called by, so that it is found again; random if it is not given.
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// Looks first whether the run of this key was started already; to be certain that it was not
    /// takes some minutes.
    #[arg(long, requires = "key")]
    pub(crate) resume: bool,
    /// Looks as --resume, among the runs of so many seconds: the earlier try was not sent before.
    #[arg(long, requires = "key", value_name = "SECONDS", value_parser = whole_seconds)]
    pub(crate) resume_within: Option<Duration>,
    /// Saves no file that has more bytes.
    #[arg(long, requires = "out", value_name = "BYTES")]
    pub(crate) max_bytes: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct Batch {
    /// The graph, exported from ComfyUI in API format.
    pub(crate) graph: PathBuf,
    /// The table, in CSV: a header NAME is that of a $text(NAME) in the graph, #NAME of a
    /// $choice(NAME, ...), and @NAME of a $file(NAME), with paths that begin at the table.
    pub(crate) table: PathBuf,
    /// Saves the outputs of each row in a folder of this directory, where the journal is too.
    #[arg(long, short, value_name = "DIRECTORY")]
    pub(crate) out: PathBuf,
    /// How many rows are under way at the same time.
    #[arg(long, short, value_name = "COUNT", default_value = "16", value_parser = jobs)]
    pub(crate) jobs: usize,
    /// Runs those rows once more whose runs have failed.
    #[arg(long)]
    pub(crate) retry_failed: bool,
    /// A name for the runs; that of the graph's file if it is not given.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// A tag that their runners must have.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Saves no file that has more bytes.
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_bytes: Option<u64>,
    /// What stands between the fields of the table; a tab is written as \\t.
    #[arg(long, value_name = "CHARACTER", default_value = ",", value_parser = delimiter)]
    pub(crate) delimiter: u8,
    /// How long a request whose response was lost may still start a run: it is looked for that long
    /// before it is sent again.
    #[arg(long, value_name = "SECONDS", default_value = "180", value_parser = whole_seconds)]
    pub(crate) settle: Duration,
}

#[derive(Args, Debug)]
pub(crate) struct Save {
    pub(crate) id: String,
    /// In this directory.
    #[arg(long, short, value_name = "DIRECTORY", default_value = ".")]
    pub(crate) out: PathBuf,
    /// Replaces files of the same name.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Saves no file that has more bytes.
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_bytes: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct Id {
    pub(crate) id: String,
}

#[derive(Args, Debug)]
pub(crate) struct Get {
    /// A path such as /v1/user, or a URL of the API.
    pub(crate) path: String,
    /// Adds to the query, percent-encoded.
    #[arg(long, short = 'q', value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) query: Vec<(String, String)>,
}

#[derive(Args, Debug)]
pub(crate) struct Post {
    #[command(flatten)]
    pub(crate) get: Get,
    /// The body, as JSON: text, @PATH for a file, @- for what comes in.
    #[arg(long, short = 'd', value_name = "JSON|@PATH", conflicts_with = "form")]
    pub(crate) data: Option<String>,
    /// A field of a form: text, or @PATH for a file.
    #[arg(long, short = 'F', value_name = "NAME=VALUE|NAME=@PATH", value_parser = pair)]
    pub(crate) form: Vec<(String, String)>,
}

#[derive(Args, Debug)]
pub(crate) struct Completions {
    pub(crate) shell: Shell,
}

fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs @ 1..=1_000) => Ok(jobs),
        _ => Err("a number from 1 to 1000".to_owned()),
    }
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !b"\"\r\n".contains(byte) => Ok(*byte),
        _ => Err("one character".to_owned()),
    }
}

fn whole_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "a number of seconds".to_owned())?;
    Ok(Duration::from_secs(seconds))
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some(("", _)) => Err("a name is missing before `=`".to_owned()),
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err("write NAME=VALUE".to_owned()),
    }
}

fn quota(text: &str) -> Result<Quota, String> {
    let parts = text.split_once('/').and_then(|(requests, seconds)| {
        let seconds = Duration::try_from_secs_f64(seconds.parse().ok()?).ok()?;
        Some((requests.parse().ok()?, seconds))
    });
    let (requests, window) = parts.ok_or("write REQUESTS/SECONDS, such as 20/10")?;
    Quota::new(requests, window).map_err(|e| e.to_string())
}

const EXIT_CODES: &str = "\
The token is read from COMFYCONTROL_TOKEN. Proxies are those of HTTPS_PROXY, ALL_PROXY and NO_PROXY.

Exit codes:
  0    done
  1    the API refused it, or the response is not usable
  2    wrong arguments
  3    no usable token or setting; nothing was sent
  4    the token was refused (401, 403)
  5    there is no such thing (404)
  6    the rate limit: throttled (429), or rejected to keep within it
  7    no response: the connection failed, or the time was over
  8    the run failed, was cancelled or is not valid
  9    it is not known whether the run was started; nothing more was sent
  130  interrupted";
