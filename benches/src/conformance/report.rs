//! What is printed: a line per cell, a summary, a verdict.

use std::fmt::{self, Display};
use std::time::Duration;

use super::cell::{Cell, Outcome};
use super::drops::Drops;
use super::policy::Policy;

/// A finished cell, next to what the perfect scheduler takes where that is known.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    pub(super) cell: &'a Cell,
    pub(super) outcome: Outcome,
    pub(super) perfect: Option<Duration>,
}

/// The names of the columns of the lines.
pub(super) const HEAD: [&str; 8] = [
    "policy", "server", "rtt", "demand", "drops", "requests", "refused", "seconds",
];

impl Line<'_> {
    /// How many times as long as the perfect scheduler it took.
    pub(super) fn ratio(&self) -> Option<f64> {
        let time = self
            .outcome
            .time
            .map_or(f64::INFINITY, |time| time.as_secs_f64());
        Some(time / self.perfect?.as_secs_f64())
    }

    fn is_judged(&self) -> bool {
        self.cell.policy.must_keep_within(&self.cell.server)
    }

    /// What is wrong with it, if it must be right.
    fn fault(&self) -> Option<String> {
        if !self.is_judged() {
            return None;
        }
        let Outcome {
            refused,
            responded,
            time,
            ..
        } = self.outcome;
        let lost = self.cell.calls - responded;
        if time.is_none() {
            Some("calls hang".to_owned())
        } else if self.cell.drops == Drops::None && lost > 0 {
            Some(format!("{lost} calls without a response"))
        } else if refused > 0 {
            Some(format!("{refused} refused"))
        } else {
            let slow = |ratio: &f64| self.cell.policy.must_be_fast() && *ratio > SLOWEST;
            let ratio = self.ratio().filter(slow)?;
            Some(format!(
                "took {ratio:.4} times as long as the perfect scheduler"
            ))
        }
    }
}

impl Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cell {
            policy,
            server,
            network,
            demand,
            drops,
            ..
        } = self.cell;
        let columns = [
            policy.name(),
            &server.name,
            network.name,
            demand.name(),
            drops.name(),
            &self.outcome.requests.to_string(),
            &self.outcome.refused.to_string(),
            &match self.outcome.time {
                Some(time) => format!("{:.3}", time.as_secs_f64()),
                None => "never".to_owned(),
            },
        ];
        f.write_str(&row(columns))
    }
}

/// Eight aligned columns.
pub(super) fn row(columns: [&str; 8]) -> String {
    let [
        policy,
        server,
        rtt,
        demand,
        drops,
        requests,
        refused,
        seconds,
    ] = columns;
    format!(
        "{policy:<17}{server:<21}{rtt:<9}{demand:<9}{drops:<9}{requests:>9}{refused:>9}{seconds:>11}"
    )
}

/// Everything that was seen, by policy and way of counting.
#[derive(Debug, Default)]
pub(super) struct Summary {
    groups: Vec<Group>,
}

/// One policy at one way of counting.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) policy: Policy,
    pub(super) family: String,
    pub(super) requests: u64,
    pub(super) refused: u64,
    /// Whether it must be without faults.
    pub(super) is_judged: bool,
    pub(super) faults: Vec<String>,
    cells: u64,
    worst: u64,
    slowest: f64,
    time: f64,
    perfect: f64,
}

impl Summary {
    pub(super) fn add(&mut self, line: &Line<'_>) {
        let (policy, family) = (line.cell.policy, &line.cell.server.family);
        let known = |group: &Group| group.policy == policy && group.family == *family;
        let index = self.groups.iter().position(known).unwrap_or_else(|| {
            self.groups.push(Group::new(policy, family.clone()));
            self.groups.len() - 1
        });
        self.groups[index].add(line);
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter()
    }

    /// As a table, in Markdown or aligned.
    pub(super) fn print(&self, markdown: bool) {
        let columns = [
            "policy", "server", "cells", "requests", "refused", "worst", "time", "slowest",
            "promise",
        ];
        if markdown {
            println!("| {} |", columns.join(" | "));
            println!("|---|---|---:|---:|---:|---:|---:|---:|---|");
        } else {
            println!("\n{}", wide(columns));
        }
        for group in &self.groups {
            let columns = group.columns();
            let columns = columns.each_ref().map(String::as_str);
            if markdown {
                println!("| {} |", columns.join(" | "));
            } else {
                println!("{}", wide(columns));
            }
        }
        println!("\n{LEGEND}");
        let mut policies: Vec<Policy> = self.groups.iter().map(|group| group.policy).collect();
        policies.dedup();
        for policy in policies {
            println!("* {}: {}", policy.name(), policy.note());
        }
    }
}

impl Group {
    fn new(policy: Policy, family: String) -> Self {
        Self {
            policy,
            family,
            requests: 0,
            refused: 0,
            is_judged: false,
            faults: Vec::new(),
            cells: 0,
            worst: 0,
            slowest: 0.0,
            time: 0.0,
            perfect: 0.0,
        }
    }

    fn add(&mut self, line: &Line<'_>) {
        self.cells += 1;
        self.requests += line.outcome.requests;
        self.refused += line.outcome.refused;
        self.worst = self.worst.max(line.outcome.worst);
        self.is_judged |= line.is_judged();
        let fault = line.fault();
        self.faults
            .extend(fault.map(|fault| format!("{fault}: {line}")));
        if let (Some(ratio), Some(perfect)) = (line.ratio(), line.perfect) {
            self.slowest = self.slowest.max(ratio);
            self.time += ratio * perfect.as_secs_f64();
            self.perfect += perfect.as_secs_f64();
        }
    }

    fn columns(&self) -> [String; 9] {
        let timed = self.perfect > 0.0;
        let ratio = |ratio: f64| {
            if timed {
                format!("{ratio:.3}")
            } else {
                "-".to_owned()
            }
        };
        [
            self.policy.name().to_owned(),
            self.family.clone(),
            self.cells.to_string(),
            self.requests.to_string(),
            self.refused.to_string(),
            self.worst.to_string(),
            ratio(self.time / self.perfect),
            ratio(self.slowest),
            self.promise().to_owned(),
        ]
    }

    fn promise(&self) -> &'static str {
        match (self.is_judged, self.faults.is_empty()) {
            (false, _) => "outside",
            (true, true) => "kept",
            (true, false) => "broken",
        }
    }
}

fn wide(columns: [&str; 9]) -> String {
    let [
        policy,
        server,
        cells,
        requests,
        refused,
        worst,
        time,
        slowest,
        promise,
    ] = columns;
    format!(
        "{policy:<17}{server:<14}{cells:>7}{requests:>11}{refused:>10}{worst:>9}{time:>9}{slowest:>9}  {promise}"
    )
}

const LEGEND: &str = "\
worst: the server's highest count or estimate, in 1/1000 of a request; its limit is 40000
time, slowest: seconds for 2,000 queued requests over those of the perfect scheduler, all such cells \
together and the slowest of them; below 1 where requests left sooner than is safe everywhere
promise: whether it was kept; outside where none is made, so that nothing there is a fault
coarse, thirds: sliding-window counters that know the elapsed time in whole tenths of the window only, \
or count in three sub-windows, and so count some requests for up to a tenth or a third of a window longer; \
told: our limiter knows that, as a count_lag";

/// How many times as long as the perfect scheduler is allowed.
const SLOWEST: f64 = 1.01;
