//! How many crates does the facade pull in, and how many reqwest with the same abilities?

use std::process::ExitCode;

use clap::Parser;
use comfycontrol_benches::measure::Series;
use comfycontrol_benches::subjects::crates::Client;
use comfycontrol_benches::subjects::programs::Program;

/// Counts the crates of the facade and of reqwest with the same abilities.
#[derive(Debug, Parser)]
#[command(name = "crates")]
struct Options {
    /// Build each for release from nothing as well, and tell how long that took
    #[arg(long)]
    build: bool,

    /// Build a program that makes one GET with each: its size, its memory, and how soon it begins
    #[arg(long)]
    programs: bool,

    /// Name those that only one of the two has
    #[arg(long)]
    differences: bool,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("crates: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Medians of turns in which each has its own.
fn programs() -> std::io::Result<()> {
    let mut all = Vec::new();
    for client in Client::ALL {
        let series = ["KiB", "own KiB", "ms"].map(Series::new);
        all.push((client, Program::build(client)?, series));
    }
    for _ in 0..41 {
        for (_, program, [most, own, time]) in &mut all {
            let memory = program.memory()?;
            most.push(memory.most as f64);
            own.push(memory.own as f64);
            time.push(program.first_byte()?.as_secs_f64() * 1e3);
        }
    }
    println!("\na program with one GET:");
    for (client, program, [most, own, time]) in &all {
        println!(
            "  {:>5.2} MB, {:>6.0} KiB at most, {:>4.0} of its own, {:>5.2} ms to its first byte  {}",
            program.size()? as f64 / 1e6,
            most.median(),
            own.median(),
            time.median(),
            client.name()
        );
    }
    Ok(())
}

fn run(options: &Options) -> std::io::Result<()> {
    for client in Client::ALL {
        print!("{:>4} crates  {}", client.crates()?.len(), client.name());
        if options.build {
            print!(", built for release in {:.1?}", client.cold_build()?);
        }
        println!();
    }
    if options.programs {
        programs()?;
    }
    if options.differences {
        let (ours, theirs) = (Client::Facade.crates()?, Client::ReqwestRing.crates()?);
        println!("\nonly comfycontrol:");
        ours.difference(&theirs)
            .for_each(|name| println!("  {name}"));
        println!("\nonly reqwest with ring:");
        theirs
            .difference(&ours)
            .for_each(|name| println!("  {name}"));
    }
    Ok(())
}
