//! How many crates does the facade pull in, and how many reqwest with the same abilities?

use std::process::ExitCode;

use clap::Parser;
use comfycontrol_benches::subjects::crates::Client;

/// Counts the crates of the facade and of reqwest with the same abilities.
#[derive(Debug, Parser)]
#[command(name = "crates")]
struct Options {
    /// Build each for release from nothing as well, and tell how long that took
    #[arg(long)]
    build: bool,

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

fn run(options: &Options) -> std::io::Result<()> {
    for client in Client::ALL {
        print!("{:>4} crates  {}", client.crates()?.len(), client.name());
        if options.build {
            print!(", built for release in {:.1?}", client.cold_build()?);
        }
        println!();
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
