//! Processes around one server: they come and go, are stopped and killed.

mod disturb;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use comfycontrol_benches::place::Place;
use comfycontrol_test::now;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::judge::Judge;
use crate::process::{Process, Said};
use crate::role::{Kind, Role, Sabotage};
use crate::server::Server;
use crate::terms;
use crate::usage::{BETWEEN_LOOKS, Lives};
use crate::verdicts::{Invariant, Verdicts};

/// One budget and those who use it.
#[derive(Clone, Debug)]
pub(crate) struct Fleet {
    pub(crate) name: &'static str,
    pub(crate) seed: u64,
    pub(crate) place: Place,
    pub(crate) gateway: bool,
    pub(crate) lasts: Duration,
    pub(crate) sabotage: Option<Sabotage>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) name: &'static str,
    pub(crate) verdicts: Verdicts,
    pub(crate) outcomes: BTreeMap<String, u64>,
    pub(crate) faults: BTreeMap<&'static str, u64>,
    pub(crate) requests: u64,
    pub(crate) worst: u64,
    pub(crate) most_connections: u64,
    pub(crate) stood_still: Duration,
}

impl Fleet {
    /// Processes without the gateway: a budget in memory has one.
    fn size(&self) -> usize {
        match (&self.place, self.gateway) {
            (Place::Memory, false) => 1,
            _ => 3,
        }
    }

    pub(crate) async fn run(self) -> Outcome {
        let directory = tempfile::tempdir().expect("a directory");
        let mut verdicts = Verdicts::default();
        verdicts.quiet = self.sabotage.is_some();
        let verdicts = Arc::new(Mutex::new(verdicts));
        let server = Server::start(self.seed, directory.path(), Arc::clone(&verdicts));
        let mut running = Running::new(self, server, directory.path().to_owned());
        running.go().await;
        running.end().await;
        running.outcome()
    }
}

struct Running {
    fleet: Fleet,
    server: Server,
    directory: PathBuf,
    judge: Judge,
    lives: Lives,
    processes: Vec<Process>,
    /// Those of whom not all is heard yet.
    killed: HashSet<u32>,
    /// Where callers find the gateway.
    gateway: Option<crate::server::Port>,
    /// When places that are empty are filled again.
    vacant: Vec<(Kind, Instant)>,
    next: u32,
    says: mpsc::UnboundedSender<Said>,
    said: mpsc::UnboundedReceiver<Said>,
    disturbances: BTreeMap<&'static str, u64>,
}

impl Running {
    fn new(fleet: Fleet, server: Server, directory: PathBuf) -> Self {
        let (says, said) = mpsc::unbounded_channel();
        Self {
            judge: Judge::new(Arc::clone(&server.shared)),
            gateway: fleet.gateway.then(crate::server::Port::free),
            fleet,
            server,
            directory,
            lives: Lives::default(),
            processes: Vec::new(),
            killed: HashSet::new(),
            vacant: Vec::new(),
            next: 0,
            says,
            said,
            disturbances: BTreeMap::new(),
        }
    }

    async fn go(&mut self) {
        let started = now();
        if self.gateway.is_some() {
            self.start(Kind::Gateway);
        }
        let kind = match self.gateway {
            Some(_) => Kind::Caller,
            None => Kind::Client,
        };
        for _ in 0..self.fleet.size() {
            self.start(kind);
        }
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut tick, mut looked) = (0, started);
        while started.elapsed() < self.fleet.lasts {
            tokio::select! {
                Some(said) = self.said.recv() => self.hear(said),
                _ = ticks.tick() => {
                    tick += 1;
                    self.wake();
                    if looked.elapsed() >= BETWEEN_LOOKS {
                        looked = now();
                        self.look();
                    }
                    if self.fleet.sabotage.is_none() {
                        self.disturb(tick);
                    }
                }
            }
        }
    }

    fn start(&mut self, kind: Kind) {
        let listen = self.gateway.as_ref().map_or(0, |port| port.number);
        let role = Role {
            role: Some(kind),
            process: self.next,
            directory: self.directory.clone(),
            port: match kind {
                Kind::Caller => listen,
                _ => self.server.port.number,
            },
            listen,
            place: self.fleet.place.clone(),
            sabotage: self.fleet.sabotage,
        };
        self.next += 1;
        let process = Process::start(&role, self.fleet.seed, &self.says);
        self.processes.push(process);
    }

    fn hear(&mut self, said: Said) {
        let Said { process, line } = said;
        let at = self.processes.iter().position(|one| one.number == process);
        let Some(line) = line else {
            if self.killed.remove(&process) {
                self.judge.gone(process, true);
            }
            // It ended although it was not told to.
            if let Some(at) = at {
                let one = self.processes.swap_remove(at);
                self.gone(&one);
            }
            return;
        };
        self.judge.hear(process, &line);
        let (Some(at), Some((word, rest))) = (at, line.split_once(' ')) else {
            return;
        };
        match word {
            "ready" => self.lives.begin(&self.processes[at]),
            "rest" => {
                let tasks = rest.parse().unwrap_or(u64::MAX);
                let one = self.processes.swap_remove(at);
                let mut verdicts = self.server.shared.verdicts.lock();
                self.lives.rest(&one, tasks, &mut verdicts);
                drop(verdicts);
                self.gone(&one);
            }
            _ => {}
        }
    }

    fn gone(&mut self, process: &Process) {
        self.judge.gone(process.number, false);
        let mut verdicts = self.server.shared.verdicts.lock();
        self.lives.end(process, &mut verdicts);
    }

    /// Wakes those that were stopped for long enough, and fills vacant places.
    fn wake(&mut self) {
        for at in 0..self.processes.len() {
            let stopped = self.processes[at].stopped;
            if stopped.is_some_and(|(_, until)| until <= now()) {
                self.go_on(at);
            }
        }
        let due = |(_, at): &mut (Kind, Instant)| *at <= now();
        let vacant: Vec<_> = self.vacant.extract_if(.., due).collect();
        for (kind, _) in vacant {
            self.start(kind);
        }
    }

    /// Lets a process go on, if it is stopped.
    fn go_on(&mut self, at: usize) {
        let process = &mut self.processes[at];
        let stopped = process.go_on();
        self.judge.went_on(process.number, stopped);
        if stopped >= terms::LEASE / 2 {
            self.server.shared.excuse("after a long stop");
        }
    }

    fn look(&mut self) {
        let stopped: Vec<_> = self
            .processes
            .iter()
            .filter(|process| process.stopped.is_some())
            .map(|process| process.number)
            .collect();
        self.judge.look(|process| stopped.contains(&process));
        let connections = self.server.shared.record.lock().connections;
        let mut verdicts = self.server.shared.verdicts.lock();
        for process in &self.processes {
            self.lives.look(process, &mut verdicts);
        }
        let few = connections <= MOST_CONNECTIONS * self.fleet.size() as u64;
        verdicts.check(Invariant::Connections, few, || {
            format!("the server has {connections} connections")
        });
    }

    /// Lets all calls end, and then the gateway.
    async fn end(&mut self) {
        for gateway in [false, true] {
            for at in 0..self.processes.len() {
                if gateway || self.processes[at].kind != Kind::Gateway {
                    self.go_on(at);
                    self.processes[at].finish();
                }
            }
            let ends = now() + END;
            let left = |one: &Process| gateway || one.kind != Kind::Gateway;
            while self.processes.iter().any(left) && now() < ends {
                let said = tokio::time::timeout_at(ends, self.said.recv()).await;
                if let Ok(Some(said)) = said {
                    self.hear(said);
                }
            }
        }
        for process in std::mem::take(&mut self.processes) {
            let Process { number, kind, .. } = process;
            let mut verdicts = self.server.shared.verdicts.lock();
            verdicts.check(Invariant::InTime, false, || {
                format!("{kind:?} {number} has calls that do not end")
            });
        }
        self.judge.conclude();
    }

    fn outcome(self) -> Outcome {
        let record = self.server.shared.record.lock();
        let mut faults = record.faults.clone();
        faults.extend(self.disturbances);
        Outcome {
            name: self.fleet.name,
            verdicts: std::mem::take(&mut *self.server.shared.verdicts.lock()),
            outcomes: self.judge.outcomes,
            faults,
            requests: record.requests(),
            worst: record.worst(),
            most_connections: record.most_connections,
            stood_still: self.server.shared.stood_still(),
        }
    }
}

const TICK: Duration = Duration::from_millis(200);
const END: Duration = Duration::from_secs(40);

/// Of one process: those of a client that is being replaced, and some that are being closed.
const MOST_CONNECTIONS: u64 = 10;
