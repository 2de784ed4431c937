//! Do processes that share a budget keep it together, and does each get its share? Starts them at a
//! barrier, greedy, against one emulated server whose 429 closes everything, and judges what came
//! in.

mod child;
mod fleet;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use comfycontrol_benches::place::Place;
use comfycontrol_rate_limit::Quota;
use comfycontrol_test::RedisProgram;
use tokio::time::sleep;

use self::fleet::{Fleet, Outcome};

/// Runs processes over a file, Redis and Valkey, and judges what the server has seen.
#[derive(Clone, Debug, Parser)]
#[command(name = "shared-budget")]
struct Options {
    /// For how many seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,

    /// How many processes
    #[arg(long, default_value_t = 8)]
    processes: usize,

    /// The requests of one window
    #[arg(long, default_value_t = 40)]
    limit: u32,

    /// The window, in milliseconds
    #[arg(long, default_value_t = 2_000)]
    window: u64,

    /// Kill one of them every 200 ms, and start another in its place
    #[arg(long)]
    kill: bool,

    /// Fail also if throughput or a share is missed, which a busy machine does too
    #[arg(long)]
    strict: bool,

    /// Only this store; may be given several times
    #[arg(long)]
    only: Vec<Kind>,

    /// One of the processes: where its budget is
    #[arg(long, hide = true, requires = "url")]
    child: Option<Place>,

    /// The server
    #[arg(long, hide = true)]
    url: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Kind {
    File,
    Redis,
    Valkey,
}

/// What one process may send, and how long what it holds is believed to be held.
#[derive(Clone, Copy, Debug)]
struct Terms {
    limit: u32,
    window: Duration,
}

impl Terms {
    fn quota(self) -> Quota {
        Quota::new(self.limit, self.window).expect("a quota")
    }

    /// How long a request may be on its way: 3 s of 10, scaled.
    fn linger(self) -> Duration {
        self.window * 3 / 20
    }

    /// For how long a server that has just started is held: what one tells of its age may be two
    /// seconds less than that.
    fn held(self) -> Duration {
        2 * self.window + self.linger() + Duration::from_secs(2)
    }

    /// 10 s of 10, scaled.
    fn lease(self) -> Duration {
        self.window
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    let terms = Terms {
        limit: options.limit,
        window: Duration::from_millis(options.window),
    };
    if let (Some(place), Some(url)) = (&options.child, &options.url) {
        child::run(place, url, terms).await;
        return ExitCode::SUCCESS;
    }
    let fleet = Fleet {
        processes: options.processes,
        terms,
        lasts: Duration::from_secs(options.seconds),
        kills: options.kill,
    };
    let wanted = |kind| options.only.is_empty() || options.only.contains(&kind);
    let directory = tempfile::tempdir().expect("a directory");
    let mut servers = Vec::new();
    let mut places = Vec::new();
    if wanted(Kind::File) {
        places.push(("file", Place::File(directory.path().join("budget"))));
    }
    for program in RedisProgram::installed() {
        let kind = if program.name == "redis" {
            Kind::Redis
        } else {
            Kind::Valkey
        };
        if wanted(kind) {
            let server = program.start(&[]);
            places.push((program.name, Place::Redis(server.url())));
            servers.push(server);
        }
    }
    if !servers.is_empty() {
        // A server that has just started may have lost a record: nothing is granted over it yet.
        sleep(terms.held()).await;
    }
    // All at the same time: none of them has much to do.
    let alone = tokio::spawn(fleet.alone().run(Place::Memory));
    let running: Vec<_> = places
        .into_iter()
        .map(|(name, place)| (name, tokio::spawn(fleet.run(place))))
        .collect();
    let alone = alone.await.expect("it runs");
    println!("one process in memory: {:.2}/s", alone.rate());
    let mut failed = false;
    for (name, running) in running {
        let outcome = running.await.expect("it runs");
        failed |= judge(name, &outcome, &alone, &options);
    }
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// Prints what was seen; whether it is not enough.
fn judge(name: &str, outcome: &Outcome, alone: &Outcome, options: &Options) -> bool {
    let throughput = outcome.rate() / alone.rate();
    let share = outcome.least_share();
    print!(
        "{} processes over {name}: {:.2}/s, {:.1} % of one; least share {share:.2}; \
         429s: {}; most that counted: {}",
        options.processes,
        outcome.rate(),
        throughput * 100.0,
        outcome.throttled,
        outcome.worst,
    );
    if options.kill {
        print!("; killed: {}", outcome.killed);
    }
    let enough = match (options.kill, name) {
        (false, _) => 0.99,
        (true, "file") => 0.95,
        (true, _) => 0.90,
    };
    let mut faults = Vec::new();
    if outcome.throttled > 0 {
        faults.push("the server has refused".to_owned());
    }
    if outcome.sent == 0 {
        faults.push("nothing was sent".to_owned());
    }
    let mut missed = Vec::new();
    // A few windows say nothing of shares.
    if options.seconds * 1_000 >= 10 * options.window {
        if throughput < enough {
            missed.push(format!("less than {:.0} %", enough * 100.0));
        }
        if !options.kill && share < 0.9 {
            missed.push("a process has less than 0.9 of its share".into());
        }
    }
    println!();
    for fault in &faults {
        println!("  FAULT: {fault}");
    }
    for target in &missed {
        println!("  MISSED: {target}");
    }
    !faults.is_empty() || (options.strict && !missed.is_empty())
}
