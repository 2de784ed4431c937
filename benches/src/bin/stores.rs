//! What a step of a shared budget costs compared with the least that could do it, in one run: a
//! swap with a PING, a step on a file with a bare loop of lock, read, checksums and write of the
//! same bytes. And how many slots one process and eight are granted over a file.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Parser;
use comfycontrol_benches::measure::Series;
use comfycontrol_rate_limit::{Algorithm, Limiter, Quota, Record, Replaced, Store, Version};
use comfycontrol_rate_limit_file::FileStore;
use comfycontrol_rate_limit_redis::RedisStore;
use comfycontrol_test::{RedisProgram, now};
use http::Response;
use tokio::task::JoinSet;

/// A record of eight processes, and what its page has in addition to it.
const CONTENT: usize = 760;
const HEAD: usize = 96;
const KEEP: Duration = Duration::from_secs(60);
/// How long slots are counted for, and how many calls one process makes at a time.
const COUNTED: Duration = Duration::from_secs(3);
const CALLS: usize = 256;

/// Measures the stores of a shared budget, compared with what they stand on.
#[derive(Debug, Parser)]
#[command(name = "stores")]
struct Options {
    /// Fail if a target is missed
    #[arg(long)]
    strict: bool,

    /// How many rounds the cases take turns for
    #[arg(long, default_value_t = 200)]
    rounds: usize,

    /// How many steps a turn has
    #[arg(long, default_value_t = 50)]
    steps: u32,

    /// Where the file is: a disk is not memory
    #[arg(long)]
    directory: Option<PathBuf>,

    /// One of several processes: where the budget of all is
    #[arg(long, hide = true)]
    child: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(path) = &options.child {
        println!("{}", granted(path).await);
        return ExitCode::SUCCESS;
    }
    let mut missed = file(&options).await;
    missed |= grants(&options).await;
    for program in RedisProgram::installed() {
        missed |= swap(&options, &program).await;
    }
    if missed && options.strict {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// A store, and the record that it has swapped in last.
struct Swaps<S> {
    store: S,
    seen: Option<Version>,
    number: u128,
}

impl<S: Store> Swaps<S> {
    const fn new(store: S) -> Self {
        Self {
            store,
            seen: None,
            number: 0,
        }
    }

    async fn swap(&mut self) {
        self.number += 1;
        let version = Version::from_bytes(self.number.to_le_bytes());
        let record = Record {
            version,
            content: vec![7; CONTENT],
        };
        let swap = self.store.replace(self.seen, record, KEEP).await;
        assert!(matches!(swap, Ok(Replaced::Won(_))), "nobody else is there");
        self.seen = Some(version);
    }
}

impl Options {
    fn directory(&self) -> tempfile::TempDir {
        let directory = match &self.directory {
            Some(directory) => tempfile::tempdir_in(directory),
            None => tempfile::tempdir(),
        };
        directory.expect("a directory")
    }
}

async fn file(options: &Options) -> bool {
    let directory = options.directory();
    let mut bare = Bare::new(directory.path().join("bare"));
    let mut handed = Some(Bare::new(directory.path().join("handed")));
    let mut swaps = Swaps::new(FileStore::open(directory.path().join("budget")).expect("a file"));
    let names = ["bare", "bare, on a thread that may block", "store"];
    let mut series = names.map(Series::new);
    for _ in 0..options.rounds {
        let begun = now();
        for _ in 0..options.steps {
            bare.step();
        }
        series[0].push(begun.elapsed().as_nanos() as f64 / f64::from(options.steps));
        let begun = now();
        for _ in 0..options.steps {
            let mut bare = handed.take().expect("the one before has ended");
            let step = tokio::task::spawn_blocking(move || {
                bare.step();
                bare
            });
            handed = step.await.ok();
        }
        series[1].push(begun.elapsed().as_nanos() as f64 / f64::from(options.steps));
        let begun = now();
        for _ in 0..options.steps {
            swaps.swap().await;
        }
        series[2].push(begun.elapsed().as_nanos() as f64 / f64::from(options.steps));
    }
    println!("a step on a file:");
    print(&series[0], None, None);
    print(&series[1], Some(&series[0]), None);
    print(&series[2], Some(&series[0]), None);
    print(&series[2], Some(&series[1]), Some(2.5))
}

/// Of a quota that is hardly used up; whether one process is granted too few.
async fn grants(options: &Options) -> bool {
    let directory = options.directory();
    let one = granted(&directory.path().join("one")).await;
    let missed = one < 20_000;
    let told = if missed {
        "MISSED: at least"
    } else {
        "at least"
    };
    println!("slots granted over a file, in a second:");
    println!("  one process                       {one:>8}  {told} 20,000");
    let start = |_| {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.arg("--child").arg(directory.path().join("eight"));
        command.stdout(Stdio::piped()).spawn().expect("a process")
    };
    let children: Vec<_> = (0..8).map(start).collect();
    let each = children.into_iter().map(|child| {
        let output = child.wait_with_output().expect("its output");
        let text = String::from_utf8_lossy(&output.stdout);
        text.trim().parse::<u64>().expect("a number")
    });
    println!(
        "  eight together                    {:>8}",
        each.sum::<u64>()
    );
    missed
}

/// What one process is granted in a second that wants all it can get.
async fn granted(path: &Path) -> u64 {
    let quota = Quota::new(Quota::MAX_REQUESTS, Duration::from_secs(1)).expect("a quota");
    let builder = Limiter::builder(quota).algorithm(Algorithm::SlidingLog);
    let (limiter, keeper) = builder.build_shared(FileStore::open(path).expect("a file"));
    tokio::spawn(keeper);
    let count = Arc::new(AtomicU64::new(0));
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        let (limiter, count) = (limiter.clone(), Arc::clone(&count));
        calls.spawn(async move {
            while let Ok(permit) = limiter.acquire().await {
                count.fetch_add(1, Ordering::Relaxed);
                permit.dispatch().settle(&Response::new(()));
            }
        });
    }
    let begun = now();
    tokio::time::sleep(COUNTED).await;
    (count.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()) as u64
}

async fn swap(options: &Options, program: &RedisProgram) -> bool {
    let server = program.start(&[]);
    let client = redis::Client::open(server.url()).expect("a URL");
    let connection = client.get_multiplexed_async_connection().await;
    let mut connection = connection.expect("a connection");
    let mut swaps = Swaps::new(RedisStore::open(&server.url()).expect("a URL"));
    let mut series = ["PING", "swap"].map(Series::new);
    for _ in 0..options.rounds {
        let begun = now();
        for _ in 0..options.steps {
            let ping = redis::cmd("PING").exec_async(&mut connection).await;
            ping.expect("an answer");
        }
        series[0].push(begun.elapsed().as_nanos() as f64 / f64::from(options.steps));
        let begun = now();
        for _ in 0..options.steps {
            swaps.swap().await;
        }
        series[1].push(begun.elapsed().as_nanos() as f64 / f64::from(options.steps));
    }
    println!("a swap over {}:", program.name);
    print(&series[0], None, None);
    print(&series[1], Some(&series[0]), Some(1.6))
}

/// Prints one case; whether its target is missed.
fn print(series: &Series, beside: Option<&Series>, target: Option<f64>) -> bool {
    print!(
        "  {:<34}{:>8.1} µs",
        series.name(),
        series.median() / 1_000.0
    );
    let ratio = beside.map(|beside| series.over(beside).median());
    if let (Some(beside), Some(ratio)) = (beside, ratio) {
        print!("  {ratio:.2} × {}", beside.name());
    }
    let missed = target
        .zip(ratio)
        .is_some_and(|(target, ratio)| ratio > target);
    match target {
        Some(target) if missed => println!("  MISSED: {target} ×"),
        Some(target) => println!("  at most {target} ×"),
        None => println!(),
    }
    missed
}

/// The least that keeps two pages in a file.
struct Bare {
    file: File,
    pages: Vec<u8>,
    second: bool,
}

impl Bare {
    fn new(path: PathBuf) -> Self {
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        let mut file = options.open(path).expect("a file");
        file.write_all(&[0; 8_192]).expect("room");
        Self {
            file,
            pages: vec![0; 8_192],
            second: false,
        }
    }

    fn step(&mut self) {
        self.file.lock().expect("the lock");
        self.file.rewind().expect("a file");
        self.file.read_exact(&mut self.pages).expect("two pages");
        for page in self.pages.chunks(4_096) {
            std::hint::black_box(crc32fast::hash(&page[..HEAD + CONTENT]));
        }
        let at = if self.second { 4_096 } else { 0 };
        self.second = !self.second;
        self.file.seek(SeekFrom::Start(at)).expect("a file");
        self.file.write_all(&[7; HEAD + CONTENT]).expect("room");
        self.file.unlock().expect("the lock");
    }
}
