//! Who provokes a 429? Drives the real service stack, and its peers, through every way in which
//! servers count "40 per 10 s" × round trips × demands × cancellations, on paused clocks.

mod burst;
mod cell;
mod chance;
mod clock;
mod demand;
mod drops;
mod link;
mod matrix;
mod network;
mod parallel;
mod perfect;
mod permits;
mod policy;
mod report;
mod server;

use std::collections::BTreeMap;
use std::time::Duration;

use self::cell::Cell;
use self::network::Network;
use self::report::{Group, Line, Summary};
use self::server::{LIMIT, Server, WINDOW};

pub use self::burst::Burst;
pub use self::policy::Policy;

/// What is to be run, and what is to be printed.
///
/// ```
/// use comfycontrol_benches::conformance::{Campaign, Policy};
///
/// let mut campaign = Campaign::new(1);
/// campaign.policies = vec![Policy::Strict];
/// campaign.server = Some("bucket/late".to_owned());
/// campaign.rtt = Some("1s".to_owned());
/// (campaign.calls, campaign.timed_calls) = (50, 50);
/// assert!(campaign.run().faults().is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct Campaign {
    /// Everything that looks random follows from it.
    pub seed: u64,
    /// Who is tried.
    pub policies: Vec<Policy>,
    /// Only servers whose name begins so.
    pub server: Option<String>,
    /// Only the network of this name, as it stands in the column `rtt`.
    pub rtt: Option<String>,
    /// Calls in each cell.
    pub calls: usize,
    /// Calls in the cells that are compared with the perfect scheduler.
    pub timed_calls: usize,
    /// How often the matrix is gone through, each time with other draws.
    pub rounds: u64,
    /// Whether all policies meet all servers, not only those that block as documented.
    pub long: bool,
    /// What is printed while it runs and at the end.
    pub print: Print,
}

/// What a [`Campaign`] prints.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Print {
    /// A line for each cell, then a summary.
    Cells,
    /// The summary, as a Markdown table.
    Markdown,
    /// Nothing.
    Nothing,
}

impl Campaign {
    /// Every limiter against every server, once, in a minute or so.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            policies: Policy::ALL.to_vec(),
            server: None,
            rtt: None,
            calls: 300,
            timed_calls: 2_000,
            rounds: 1,
            long: false,
            print: Print::Nothing,
        }
    }

    /// As [`new`](Self::new), with fifty times as many calls, and every limiter against the harsher
    /// servers too.
    pub fn long(seed: u64) -> Self {
        Self {
            calls: 1_500,
            rounds: 10,
            long: true,
            ..Self::new(seed)
        }
    }

    /// Runs it, on all processors.
    pub fn run(&self) -> Verdict {
        let mut summary = Summary::default();
        if self.print == Print::Cells {
            println!("{}", report::row(report::HEAD));
        }
        for round in 0..self.rounds {
            let cells = matrix::cells(self, round);
            let perfect = perfect_times(&cells);
            parallel::for_each(&cells, Cell::run, |cell, outcome| {
                let perfect = Pace::of(cell).and_then(|pace| perfect.get(&pace).copied());
                let line = Line {
                    cell,
                    outcome,
                    perfect,
                };
                if self.print == Print::Cells {
                    println!("{line}");
                }
                summary.add(&line);
            });
        }
        match self.print {
            Print::Cells => summary.print(false),
            Print::Markdown => summary.print(true),
            Print::Nothing => {}
        }
        Verdict(summary)
    }

    fn has_server(&self, server: &Server) -> bool {
        let wanted = self.server.as_deref();
        wanted.is_none_or(|wanted| server.name.starts_with(wanted))
    }

    fn has_network(&self, network: &Network) -> bool {
        let wanted = self.rtt.as_deref();
        wanted.is_none_or(|wanted| network.name == wanted)
    }
}

/// What a [`Campaign`] has shown.
#[derive(Debug)]
pub struct Verdict(Summary);

impl Verdict {
    /// How many requests arrived at a server.
    pub fn requests(&self) -> u64 {
        self.0.groups().map(|group| group.requests).sum()
    }

    /// How many requests of a policy were refused.
    pub fn refused(&self, policy: Policy) -> u64 {
        let groups = self.0.groups().filter(|group| group.policy == policy);
        groups.map(|group| group.refused).sum()
    }

    /// What was wrong with those that must be right, one line each.
    pub fn faults(&self) -> Vec<&str> {
        let faults = self.0.groups().flat_map(|group| &group.faults);
        faults.map(String::as_str).collect()
    }

    /// Where nothing was wrong of that which must be right: policy and way of counting.
    pub fn faultless(&self) -> Vec<String> {
        let groups = self.0.groups();
        let groups = groups.filter(|group| group.is_judged && group.faults.is_empty());
        let name = |group: &Group| format!("{} at {}", group.policy.name(), group.family);
        groups.map(name).collect()
    }
}

/// What the perfect scheduler's time depends on: network, its seed, calls, lag.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Pace(&'static str, u64, usize, Duration);

impl Pace {
    fn of(cell: &Cell) -> Option<Self> {
        let pace = Self(cell.network.name, cell.seed, cell.calls, cell.server.lag);
        cell.is_timed().then_some(pace)
    }
}

fn perfect_times(cells: &[Cell]) -> BTreeMap<Pace, Duration> {
    let paces: BTreeMap<_, _> = cells
        .iter()
        .filter_map(|cell| Some((Pace::of(cell)?, cell)))
        .collect();
    let mut times = BTreeMap::new();
    let jobs: Vec<_> = paces.into_iter().collect();
    parallel::for_each(
        &jobs,
        |(_, cell)| perfect::finish(LIMIT, WINDOW, &cell.trips(), cell.server.lag),
        |(pace, _), time| {
            times.insert(pace.clone(), time);
        },
    );
    times
}
