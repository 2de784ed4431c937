use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use comfycontrol_benches::place::Place;
use comfycontrol_emulator::{Algorithm, Block, Emulator, Limit};
use comfycontrol_test::{MILLISECOND, now};
use tokio::sync::oneshot;
use tokio::time::{sleep, sleep_until};

use crate::Terms;

const BETWEEN_KILLS: Duration = Duration::from_millis(200);

/// Processes that share a budget.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fleet {
    pub(crate) processes: usize,
    pub(crate) terms: Terms,
    pub(crate) lasts: Duration,
    pub(crate) kills: bool,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Responses of each process after the first two windows.
    counted: Vec<u64>,
    took: Duration,
    /// All requests that the server has seen.
    pub(crate) sent: u64,
    pub(crate) throttled: u64,
    pub(crate) worst: u64,
    pub(crate) killed: u64,
}

impl Outcome {
    /// Responses in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.counted.iter().sum::<u64>() as f64 / self.took.as_secs_f64()
    }

    /// What the least of them had, as a share of what each should have.
    pub(crate) fn least_share(&self) -> f64 {
        let fair = self.counted.iter().sum::<u64>() as f64 / self.counted.len() as f64;
        let least = self.counted.iter().min().copied().unwrap_or(0);
        least as f64 / fair
    }
}

/// One place in the fleet, for one process after the other.
#[derive(Debug)]
struct Counter {
    responses: AtomicU64,
    counts: Arc<AtomicBool>,
}

impl Fleet {
    /// One process that is not killed.
    pub(crate) const fn alone(self) -> Self {
        Self {
            processes: 1,
            kills: false,
            ..self
        }
    }

    /// Runs them against a server of their own.
    pub(crate) async fn run(self, place: Place) -> Outcome {
        let Terms { limit, window } = self.terms;
        let limit = Limit::new(limit, window).expect("a limit");
        let phase = Duration::ZERO;
        let limit = limit
            .algorithm(Algorithm::SlidingCounter { phase })
            .block(Block::For(window));
        let emulator = Emulator::builder().limit(limit).without_api().start().await;
        let emulator = emulator.expect("a server");
        let url = emulator.http_url();
        let counts = Arc::new(AtomicBool::new(false));
        let counters: Vec<_> = (0..self.processes)
            .map(|_| {
                Arc::new(Counter {
                    responses: AtomicU64::new(0),
                    counts: Arc::clone(&counts),
                })
            })
            .collect();
        let mut running = Vec::new();
        for counter in &counters {
            running.push(start(&place, &url, self.terms, counter));
        }
        let mut processes = Vec::new();
        for (child, ready) in running {
            ready.await.expect("a process that gets ready");
            processes.push(child);
        }
        processes.iter_mut().for_each(go);
        let started = now();
        let counted_from = started + 2 * window;
        let ends = started + self.lasts.max(3 * window);
        let mut killed = 0;
        while now() < ends {
            if now() >= counted_from {
                counts.store(true, Ordering::Relaxed);
            }
            sleep(10 * MILLISECOND).await;
            if !self.kills {
                sleep_until(if now() < counted_from {
                    counted_from
                } else {
                    ends
                })
                .await;
                continue;
            }
            sleep(BETWEEN_KILLS - 10 * MILLISECOND).await;
            let victim = RandomState::new().hash_one(0) as usize % processes.len();
            end(&mut processes[victim]);
            let (mut child, ready) = start(&place, &url, self.terms, &counters[victim]);
            go(&mut child);
            drop(ready);
            processes[victim] = child;
            killed += 1;
        }
        let took = counted_from.elapsed();
        counts.store(false, Ordering::Relaxed);
        processes.iter_mut().for_each(end);
        Outcome {
            counted: counters
                .iter()
                .map(|counter| counter.responses.load(Ordering::Relaxed))
                .collect(),
            took,
            sent: emulator.edge().requests(),
            throttled: emulator.edge().throttled(),
            worst: emulator.edge().worst(),
            killed,
        }
    }
}

/// Starts a process, and counts the responses that it tells.
fn start(
    place: &Place,
    url: &str,
    terms: Terms,
    counter: &Arc<Counter>,
) -> (Child, oneshot::Receiver<()>) {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .arg("--child")
        .arg(place.to_string())
        .args(["--url", url]);
    command.arg("--limit").arg(terms.limit.to_string());
    command
        .arg("--window")
        .arg(terms.window.as_millis().to_string());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let output = child.stdout.take().expect("a pipe");
    let (ready, is_ready) = oneshot::channel();
    let mut ready = Some(ready);
    let counter = Arc::clone(counter);
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if line == "ready" {
                let _ = ready.take().map(|ready| ready.send(()));
            } else if line == "200" && counter.counts.load(Ordering::Relaxed) {
                counter.responses.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    (child, is_ready)
}

/// Lets a process begin.
fn go(child: &mut Child) {
    if let Some(input) = &mut child.stdin {
        let _ = input.write_all(b"go\n").and_then(|()| input.flush());
    }
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
