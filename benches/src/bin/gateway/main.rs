//! What the gateway costs: how much of the limit its callers get, what a call that need not wait
//! takes more than the client's own, and whether its memory grows.
//!
//! The API and the gateway are processes of their own, made again for each turn; the callers are in
//! this one. All of a table take turns, and medians are shown.

mod added;
mod api;
mod caller;
mod figure;
mod instructions;
mod memory;
mod process;
mod serve;
mod throughput;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::figure::Figure;

#[derive(Debug, Parser)]
#[command(name = "gateway")]
struct Options {
    #[command(subcommand)]
    role: Option<Role>,
    /// Fail if a target is missed
    #[arg(long)]
    strict: bool,
    /// How many turns each has
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only the tables whose name has this in it: throughput, added, instructions, memory
    #[arg(long, default_value = "")]
    only: String,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// The API, until its input ends.
    Api(api::Arguments),
    /// The gateway, until its input ends.
    Serve(serve::Arguments),
    /// Calls one after the other, for who counts.
    Call(instructions::Arguments),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    match &options.role {
        Some(Role::Api(arguments)) => api::serve(arguments).await,
        Some(Role::Serve(arguments)) => serve::serve(arguments).await,
        Some(Role::Call(arguments)) => instructions::call(arguments).await,
        None => return measure(&options).await,
    }
    ExitCode::SUCCESS
}

async fn measure(options: &Options) -> ExitCode {
    let asked = |name: &str| name.contains(&options.only);
    let mut figures = Vec::new();
    if asked("throughput") {
        figures.extend(throughput::measure(options.rounds).await);
    }
    if asked("added") {
        figures.push(added::measure(options.rounds).await);
    }
    if asked("instructions") {
        figures.extend(instructions::measure().await);
    }
    if asked("memory") {
        figures.push(memory::measure(options.rounds).await);
    }
    println!("\n| | measured | target |\n|---|---:|---:|");
    for figure in &figures {
        println!("{figure}");
    }
    if options.strict && figures.iter().any(Figure::is_missed) {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
