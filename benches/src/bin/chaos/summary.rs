//! What is printed in the end.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fleet::Outcome;
use crate::verdicts::{Invariant, Verdicts};

/// Prints what came of all fleets; whether an invariant is broken.
pub(crate) fn print(outcomes: Vec<Outcome>) -> bool {
    println!("| fleet | calls | with a response | requests | most that counted | connections |");
    println!("|---|---:|---:|---:|---:|---:|");
    let mut verdicts = Verdicts::default();
    let mut calls: BTreeMap<String, u64> = BTreeMap::new();
    let mut faults: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut stood_still = Duration::ZERO;
    for outcome in outcomes {
        let Outcome {
            name,
            requests,
            most_connections,
            ..
        } = outcome;
        let all: u64 = outcome.outcomes.values().sum();
        let ok = outcome.outcomes.get("ok").copied().unwrap_or(0);
        let worst = outcome.worst as f64 / 1_000.0;
        println!("| {name} | {all} | {ok} | {requests} | {worst:.3} | {most_connections} |");
        for (kind, times) in outcome.outcomes {
            *calls.entry(kind).or_default() += times;
        }
        for (kind, times) in outcome.faults {
            *faults.entry(kind).or_default() += times;
        }
        verdicts.add(outcome.verdicts);
        stood_still = stood_still.max(outcome.stood_still);
    }
    list(
        "outcome",
        calls.iter().map(|(kind, times)| (&**kind, *times)),
    );
    list("fault", faults.into_iter());
    println!("\n| invariant | checks | violations |\n|---|---:|---:|");
    for invariant in Invariant::ALL {
        let row = verdicts.row(invariant);
        println!(
            "| {} | {} | {} |",
            invariant.name(),
            row.checks,
            row.violations
        );
    }
    if stood_still > Duration::ZERO {
        println!("\nthe machine stood still for {stood_still:.1?} in all");
    }
    for (why, times) in &verdicts.excused {
        println!("\nnot judged: {times} responses with 429 {why}");
    }
    // A machine on which too much is excused shows nothing.
    let excused: u64 = verdicts.excused.values().sum();
    let unjudged = excused * 100 > verdicts.row(Invariant::WithinLimit).checks;
    if unjudged {
        println!("\nFAILED: more than a hundredth of the requests could not be judged");
    }
    verdicts.violations() > 0 || unjudged
}

fn list<'a>(what: &str, rows: impl Iterator<Item = (&'a str, u64)>) {
    println!("\n| {what} | times |\n|---|---:|");
    for (name, times) in rows {
        println!("| {name} | {times} |");
    }
}
