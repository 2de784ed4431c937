//! Judges the calls by what the processes tell and what the server has seen.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use comfycontrol_test::now;
use http::Method;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::call::Call;
use crate::server::Shared;
use crate::verdicts::{Invariant, Verdicts};

/// How much later than it should a call may end on a busy machine.
const SLACK: Duration = Duration::from_secs(4);

/// Every kind of error that the client has; what is none of them is no typed error.
const KINDS: [&str; 11] = [
    "api",
    "body",
    "body_too_large",
    "config",
    "decode",
    "in_doubt",
    "rejected",
    "request",
    "timed_out",
    "token_withheld",
    "transport",
];

pub(crate) struct Judge {
    seed: u64,
    server: Arc<Shared>,
    verdicts: Arc<Mutex<Verdicts>>,
    open: HashMap<Call, Open>,
    ended: HashSet<Call>,
    /// Those of which it was said that they were not done.
    undone: Vec<Call>,
    /// How long each process has been stopped.
    stopped: HashMap<u32, Duration>,
    pub(crate) outcomes: BTreeMap<String, u64>,
}

#[derive(Debug)]
struct Open {
    since: Instant,
    /// For how long its process had been stopped, or the machine had stood still, by then.
    stopped: Duration,
}

impl Judge {
    pub(crate) fn new(server: Arc<Shared>) -> Self {
        Self {
            seed: server.seed,
            verdicts: Arc::clone(&server.verdicts),
            server,
            open: HashMap::new(),
            ended: HashSet::new(),
            undone: Vec::new(),
            stopped: HashMap::new(),
            outcomes: BTreeMap::new(),
        }
    }

    fn check(&self, invariant: Invariant, holds: bool, what: impl FnOnce() -> String) {
        self.verdicts.lock().check(invariant, holds, what);
    }

    /// Hears a line of a process.
    pub(crate) fn hear(&mut self, process: u32, line: &str) {
        let shows = self.server.record.lock().shows_token(line.as_bytes());
        self.check(Invariant::Token, !shows, || {
            format!("process {process} prints a token: {line}")
        });
        if line.contains("panicked at") {
            self.check(Invariant::OneOutcome, false, || {
                format!("process {process}: {line}")
            });
        }
        let mut words = line.splitn(3, ' ');
        let word = words.next().unwrap_or_default();
        let Some(Ok(call)) = words.next().map(str::parse) else {
            return;
        };
        match word {
            "begin" => self.begin(call),
            "end" => self.end(call, words.next().unwrap_or_default()),
            _ => {}
        }
    }

    fn begin(&mut self, call: Call) {
        let open = Open {
            since: now(),
            stopped: self.stopped(call.process),
        };
        self.open.insert(call, open);
    }

    fn end(&mut self, call: Call, outcome: &str) {
        let once = self.ended.insert(call);
        let open = self.open.remove(&call);
        self.check(Invariant::OneOutcome, once && open.is_some(), || {
            format!("call {call} has a second outcome: {outcome}")
        });
        if let Some(open) = open {
            self.judge_time(call, &open);
        }
        let mut words = outcome.split(' ');
        let kind = words.next().unwrap_or_default();
        let detail = words.next().unwrap_or_default();
        let more = words.next().unwrap_or_default();
        let name = match kind {
            "ok" => {
                self.judge_body(call, detail, more);
                kind.to_owned()
            }
            "failed" => {
                self.check(Invariant::OneOutcome, KINDS.contains(&detail), || {
                    format!("call {call} has an outcome of no type: {outcome}")
                });
                self.judge_claim(call, more, outcome);
                format!("{kind}: {detail}")
            }
            _ => kind.to_owned(),
        };
        *self.outcomes.entry(name).or_default() += 1;
    }

    fn judge_time(&self, call: Call, open: &Open) {
        let ask = call.ask(self.seed);
        let stopped = self.stopped(call.process) - open.stopped;
        let took = open.since.elapsed();
        self.check(
            Invariant::InTime,
            took <= ask.timeout + stopped + SLACK,
            || {
                let timeout = ask.timeout;
                format!("call {call} has {timeout:?}, and took {took:?}; stopped for {stopped:?}")
            },
        );
    }

    fn judge_body(&self, call: Call, length: &str, sum: &str) {
        let body = call.response_body(self.seed);
        let expected = (body.len().to_string(), crc32fast::hash(&body).to_string());
        let same = expected == (length.to_owned(), sum.to_owned());
        self.check(Invariant::Body, same, || {
            format!("call {call} has {length} bytes, {sum}; it should have {expected:?}")
        });
        if call.ask(self.seed).method == Method::POST {
            let done = self.server.record.lock().times_done(call);
            self.check(Invariant::Applied, done > 0, || {
                format!("call {call} has a success and was not done")
            });
        }
    }

    fn judge_claim(&mut self, call: Call, applied: &str, outcome: &str) {
        if call.ask(self.seed).method != Method::POST {
            return;
        }
        let done = self.server.record.lock().times_done(call);
        match applied {
            "no" => {
                self.check(Invariant::Applied, done == 0, || {
                    format!("call {call} was done: {outcome}")
                });
                self.undone.push(call);
            }
            "yes" => self.check(Invariant::Applied, done > 0, || {
                format!("call {call} was not done: {outcome}")
            }),
            _ => {}
        }
    }

    /// For how long a process could do nothing.
    fn stopped(&self, process: u32) -> Duration {
        let stopped = self.stopped.get(&process).copied().unwrap_or_default();
        stopped + self.server.stood_still()
    }

    /// A process was stopped for so long.
    pub(crate) fn went_on(&mut self, process: u32, stopped: Duration) {
        *self.stopped.entry(process).or_default() += stopped;
    }

    /// A process has ended, by force or after all its calls.
    pub(crate) fn gone(&mut self, process: u32, killed: bool) {
        let open = self.open.keys();
        let left: Vec<_> = open
            .filter(|call| call.process == process)
            .copied()
            .collect();
        for call in left {
            self.open.remove(&call);
            self.check(Invariant::OneOutcome, killed, || {
                format!("call {call} has no outcome")
            });
        }
    }

    /// Looks for calls that should have ended long ago. `stopped` is true of processes that are
    /// stopped now.
    pub(crate) fn look(&mut self, stopped: impl Fn(u32) -> bool) {
        let late = self.open.iter().filter(|(call, open)| {
            let since = self.stopped(call.process) - open.stopped;
            let time = call.ask(self.seed).timeout + SLACK + since;
            !stopped(call.process) && open.since.elapsed() > time + SLACK
        });
        let late: Vec<_> = late.map(|(call, _)| *call).collect();
        for call in late {
            // Once; its outcome, should it come, is its second.
            let open = self.open.remove(&call).expect("it is open");
            self.judge_time(call, &open);
        }
    }

    /// What can be said only in the end.
    pub(crate) fn conclude(&mut self) {
        for call in std::mem::take(&mut self.undone) {
            let done = self.server.record.lock().times_done(call);
            self.check(Invariant::Applied, done == 0, || {
                format!("call {call} was done after it was said not to be")
            });
        }
    }
}
