mod help;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use comfycontrol::rate_limit::Quota;

use crate::commands::emulator::EmulatorArguments;
use crate::commands::gateway::GatewayArguments;

/// The ComfyControl API from a shell, within its rate limit.
#[derive(Debug, Parser)]
#[command(name = "comfycontrol", version, after_help = help::EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Args, Debug)]
#[command(next_help_heading = "For all commands")]
pub(crate) struct Global {
    /// Prints JSON, one value a line; errors too, on standard error.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Reads the token from this file in place of COMFYCONTROL_TOKEN.
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) token_file: Option<PathBuf>,
    /// Calls another API than https://api.comfycontrol.app; plain http for this machine only.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Trusts one more certificate authority, in PEM.
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) ca: Option<PathBuf>,
    /// Shares the rate limit with the programs that name this file too; without it, with all of
    /// yours, or by the file in COMFYCONTROL_BUDGET. `off` shares it with none.
    #[arg(long, global = true, value_name = "PATH|off")]
    pub(crate) budget: Option<PathBuf>,
    /// Keeps to this quota, such as 20/10 on each of two machines behind one address.
    #[arg(long, global = true, value_name = "REQUESTS/SECONDS", value_parser = quota, default_value = "40/10")]
    pub(crate) quota: Quota,
    /// Gives the command up after so many seconds, waits for the limit and for input included;
    /// emulator and gateway go on.
    #[arg(long, global = true, value_name = "SECONDS", value_parser = number)]
    pub(crate) timeout: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows whose token it is.
    Whoami,
    /// Lists the runners, a line each.
    Runners(List),
    /// Lists the runs of your workflows, the newest first.
    Workflows(List),
    /// Runs a graph to its end, and saves what comes of it.
    #[command(after_help = help::RUN)]
    Run(Run),
    /// Runs a graph for each row of a table; started again, it goes on where it was.
    #[command(after_help = help::BATCH)]
    Batch(Batch),
    /// Saves the outputs of a run that is completed.
    Save(Save),
    /// Asks the API to cancel a run.
    Cancel(Id),
    /// Sends a GET, and prints the body of the response.
    #[command(after_help = help::GET)]
    Get(Get),
    /// Sends a POST, and prints the body of the response.
    #[command(after_help = help::POST)]
    Post(Post),
    /// Checks budget, token, proxy, connection, clock and one call, and says what is wrong.
    Doctor,
    /// Emulates the API on this machine, with its limit, to try things out.
    #[command(after_help = help::EMULATOR)]
    Emulator(EmulatorArguments),
    /// Calls the API for other programs of this machine, and holds token and limit for them.
    #[command(after_help = help::GATEWAY)]
    Gateway(Box<GatewayArguments>),
    /// Prints a script that completes commands in a shell.
    #[command(after_help = help::COMPLETIONS)]
    Completions(Completions),
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// Lists only those with this status, such as active or disabled for runners; queued, running,
    /// completed, failed or cancelled for workflows.
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// Lists so many at most.
    #[arg(long, short = 'n', value_name = "COUNT", value_parser = count)]
    pub(crate) limit: Option<usize>,
}

#[derive(Args, Debug)]
pub(crate) struct Run {
    /// The graph: a file that ComfyUI has exported by `Export (API)`, or - for standard input.
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
    /// A name for the run; without it that of the file, or `graph` for standard input.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// A tag that its runner must have.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// A word that no other run has, by which this one is found again; random if it is not given.
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// Looks first for a run of this key, and goes on with it; to be certain that there is none
    /// takes 3 minutes.
    #[arg(long, requires = "key")]
    pub(crate) resume: bool,
    /// The same among the runs of the last so many seconds, in which the earlier try was sent.
    #[arg(long, requires = "key", value_name = "SECONDS", value_parser = whole_seconds)]
    pub(crate) resume_within: Option<Duration>,
    /// Saves no file that has more bytes.
    #[arg(long, requires = "out", value_name = "BYTES", value_parser = number)]
    pub(crate) max_bytes: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct Batch {
    /// The graph: a file that ComfyUI has exported by `Export (API)`, or - for standard input.
    pub(crate) graph: PathBuf,
    /// The table, in CSV, with a header: NAME gives $text(NAME) of the graph, #NAME gives
    /// $choice(NAME, ...), and @NAME gives $file(NAME), by paths that begin at the table.
    pub(crate) table: PathBuf,
    /// Saves the outputs of each row in a folder of this directory, where the journal is too.
    #[arg(long, short, value_name = "DIRECTORY")]
    pub(crate) out: PathBuf,
    /// How many rows are under way at the same time.
    #[arg(long, short, value_name = "COUNT", default_value = "16", value_parser = jobs)]
    pub(crate) jobs: usize,
    /// Runs the rows whose runs have failed once more; each is paid again.
    #[arg(long)]
    pub(crate) retry_failed: bool,
    /// A name for the runs; without it that of the graph's file, or `graph` for standard input.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// A tag that their runners must have.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Saves no file that has more bytes.
    #[arg(long, value_name = "BYTES", value_parser = number)]
    pub(crate) max_bytes: Option<u64>,
    /// What stands between the fields of the table; `\t` is a tab.
    #[arg(long, value_name = "CHARACTER", default_value = ",", value_parser = delimiter)]
    pub(crate) delimiter: u8,
    /// How long a request whose response was lost may still start a run: it is looked for that long
    /// before it is sent again.
    #[arg(long, value_name = "SECONDS", default_value = "180", value_parser = whole_seconds)]
    pub(crate) settle: Duration,
}

#[derive(Args, Debug)]
pub(crate) struct Save {
    /// The id of the run, as `workflows` shows it.
    pub(crate) id: String,
    /// Saves the outputs in this directory.
    #[arg(long, short, value_name = "DIRECTORY", default_value = ".")]
    pub(crate) out: PathBuf,
    /// Replaces files of the same name.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Saves no file that has more bytes.
    #[arg(long, value_name = "BYTES", value_parser = number)]
    pub(crate) max_bytes: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct Id {
    /// The id of the run, as `workflows` shows it.
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
    /// The body, as JSON: text, @PATH for a file, @- for standard input.
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
        _ => Err("write a number from 1 to 1000".to_owned()),
    }
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !b"\"\r\n".contains(byte) => Ok(*byte),
        _ => Err("write one character".to_owned()),
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| WHOLE.to_owned())
}

fn count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| WHOLE.to_owned())
}

fn whole_seconds(text: &str) -> Result<Duration, String> {
    number(text).map(Duration::from_secs)
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

const WHOLE: &str = "write a whole number";
