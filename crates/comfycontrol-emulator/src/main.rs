//! The emulator as a program: `cargo run -p comfycontrol-emulator --features cli -- --help`.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use comfycontrol_emulator::{Algorithm, Block, Emulator, Limit, TokenStore};

/// The edge of the ComfyControl API, emulated on loopback.
#[derive(Debug, Parser)]
#[command(name = "comfycontrol-emulator", version)]
struct Arguments {
    /// Port of the API without TLS; 0 is any that is free.
    #[arg(long, default_value_t = 0)]
    http_port: u16,
    /// Port of the API with TLS; 0 is any that is free.
    #[arg(long, default_value_t = 0)]
    https_port: u16,
    /// Port of the storage of outputs; 0 is any that is free.
    #[arg(long, default_value_t = 0)]
    storage_port: u16,
    /// How requests are counted.
    #[arg(long, value_enum, default_value_t = Counting::SlidingCounter)]
    algorithm: Counting,
    /// Requests allowed per window.
    #[arg(long, default_value_t = 40)]
    limit: u32,
    /// Length of the window in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    window: u64,
    /// Length of the cooldown in seconds; 0 throttles only the excess.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    block: u64,
    /// Makes a token and prints it, this once; without any, one named `default` is made.
    #[arg(long = "token", value_name = "NAME[=EXPIRES_IN_SECONDS]", value_parser = wish)]
    tokens: Vec<Wish>,
    /// Writes the certificate authority to trust to this file, in PEM.
    #[arg(long, value_name = "PATH")]
    ca: Option<PathBuf>,
    /// Ends after so many seconds.
    #[arg(long = "for", value_name = "SECONDS", default_value_t = 3600)]
    duration: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Counting {
    /// A sliding counter that knows the elapsed time in tenths of the window only.
    CoarseCounter,
    FixedWindow,
    /// No limit at all.
    None,
    SlidingCounter,
    SlidingLog,
    /// A sliding counter of three sub-windows.
    SubWindows,
    TokenBucket,
    WindowFromFirst,
}

/// A token that is asked for.
#[derive(Clone, Debug)]
struct Wish {
    name: String,
    expires_in: Option<Duration>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::builder()
        .limit(limit(&arguments)?)
        .ports(
            arguments.http_port,
            arguments.https_port,
            arguments.storage_port,
        )
        .start()
        .await?;
    println!("http     {}", emulator.http_url());
    println!("https    {}", emulator.https_url());
    println!("storage  {}", emulator.storage_url());
    if let Some(path) = &arguments.ca {
        std::fs::write(path, emulator.ca_pem())
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        println!("ca       {}", path.display());
    }
    make(&emulator.tokens(), &arguments.tokens);

    let end = tokio::time::sleep(Duration::from_secs(arguments.duration));
    tokio::select! {
        () = end => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    emulator.shutdown().await;
    Ok(())
}

fn make(tokens: &TokenStore, wishes: &[Wish]) {
    if wishes.is_empty() {
        println!("token    default {}", tokens.create("default", None));
    }
    for Wish { name, expires_in } in wishes {
        println!("token    {name} {}", tokens.create(name, *expires_in));
    }
}

fn limit(arguments: &Arguments) -> Result<Option<Limit>, Box<dyn Error>> {
    let (phase, window) = (Duration::ZERO, Duration::from_secs(arguments.window));
    let step = window / 10;
    let algorithm = match arguments.algorithm {
        Counting::None => return Ok(None),
        Counting::CoarseCounter => Algorithm::CoarseCounter { phase, step },
        Counting::FixedWindow => Algorithm::FixedWindow { phase },
        Counting::SlidingCounter => Algorithm::SlidingCounter { phase },
        Counting::SlidingLog => Algorithm::SlidingLog,
        Counting::SubWindows => Algorithm::SubWindows { phase, count: 3 },
        Counting::TokenBucket => Algorithm::TokenBucket,
        Counting::WindowFromFirst => Algorithm::WindowFromFirst,
    };
    let block = match arguments.block {
        0 => Block::Excess,
        seconds => Block::For(Duration::from_secs(seconds)),
    };
    let limit = Limit::new(arguments.limit, window)?;
    Ok(Some(limit.algorithm(algorithm).block(block)))
}

fn wish(text: &str) -> Result<Wish, String> {
    let (name, expires_in) = match text.split_once('=') {
        None => (text, None),
        Some((name, seconds)) => {
            let seconds = seconds
                .parse()
                .map_err(|_| format!("`{seconds}` is no number of seconds"))?;
            (name, Some(Duration::from_secs(seconds)))
        }
    };
    if name.is_empty() {
        return Err("a token needs a name".to_owned());
    }
    Ok(Wish {
        name: name.to_owned(),
        expires_in,
    })
}
