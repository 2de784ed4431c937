//! Who provokes a 429? Exits non-zero if our limiter did, or was slower than it must be.

use std::process::ExitCode;

use clap::Parser;
use comfycontrol_benches::conformance::{Campaign, Policy, Print, Verdict};

/// Drives the rate limiter, and its peers, through every way in which servers count.
#[derive(Debug, Parser)]
#[command(name = "conformance")]
struct Options {
    /// A campaign with fifty times as many requests, in which everybody meets every server
    #[arg(long)]
    long: bool,

    /// Print the summary only, as a Markdown table
    #[arg(long)]
    markdown: bool,

    /// Only this policy; may be given several times
    #[arg(long, value_name = "NAME")]
    policy: Vec<Policy>,

    /// Only this network, as it stands in the column `rtt`
    #[arg(long, value_name = "NAME")]
    rtt: Option<String>,

    /// Show that the harness finds what is wrong with policies that are wrong on purpose
    #[arg(long, conflicts_with_all = ["long", "policy"])]
    self_test: bool,

    /// What everything that looks random follows from
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Only servers whose name begins so, such as `counter` or `log/late`
    #[arg(long, value_name = "PREFIX")]
    server: Option<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let mut campaign = if options.long {
        Campaign::long(options.seed)
    } else {
        Campaign::new(options.seed)
    };
    campaign.print = if options.markdown {
        Print::Markdown
    } else {
        Print::Cells
    };
    campaign.server = options.server;
    campaign.rtt = options.rtt;
    if options.self_test {
        campaign.policies = Policy::WRONG.to_vec();
    } else if !options.policy.is_empty() {
        campaign.policies = options.policy;
    }

    let verdict = campaign.run();
    println!();
    if verdict.requests() == 0 {
        println!("FAILED: there is no such server, or no such network");
        return ExitCode::FAILURE;
    }
    if options.self_test {
        return self_test(&verdict);
    }
    let faults = verdict.faults();
    for fault in &faults {
        println!("FAULT: {fault}");
    }
    if faults.is_empty() {
        println!("passed: nothing was refused that must not be, nor slow");
        ExitCode::SUCCESS
    } else {
        println!("FAILED: {} faults", faults.len());
        ExitCode::FAILURE
    }
}

fn self_test(verdict: &Verdict) -> ExitCode {
    let unseen = verdict.faultless();
    if unseen.is_empty() {
        println!("passed: {} faults were found", verdict.faults().len());
        ExitCode::SUCCESS
    } else {
        println!("FAILED: nothing was found wrong with {}", unseen.join(", "));
        ExitCode::FAILURE
    }
}
