//! The emulator as a program.

use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use clap::{Args, ValueEnum};
use comfycontrol_emulator::{
    Algorithm, Block, Emulator, Fault, FaultRule, Limit, LoggedResponse, Shape, TokenStore,
};
use serde_json::json;

use crate::failure::Failure;
use crate::out::{Out, shown};
use crate::signals;

#[derive(Args, Debug)]
pub(crate) struct EmulatorArguments {
    /// Port of the API without TLS; 0 is any that is free.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    http_port: u16,
    /// Port of the API with TLS; 0 is any that is free.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    https_port: u16,
    /// Port of the storage of outputs; 0 is any that is free.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    storage_port: u16,
    /// How requests are counted.
    #[arg(long, value_enum, default_value_t = Counting::SlidingCounter)]
    algorithm: Counting,
    /// Requests allowed per window.
    #[arg(long, value_name = "REQUESTS", default_value_t = 40)]
    limit: u32,
    /// Length of the window in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    window: u64,
    /// Length of the cooldown in seconds; 0 throttles only the excess.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    block: u64,
    /// How long a run takes, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    run_time: f64,
    /// How many runners the account has.
    #[arg(long, value_name = "COUNT", default_value_t = 137)]
    runners: usize,
    /// Makes a token and prints it, this once; without any, one named `default` is made.
    #[arg(long = "token", value_name = "NAME[=EXPIRES_IN_SECONDS]", value_parser = wish)]
    tokens: Vec<Wish>,
    /// Something that goes wrong now and then: with a chance of 1 in 10, or another.
    #[arg(long = "fault", value_name = "NAME[=CHANCE]", value_parser = mishap)]
    faults: Vec<Mishap>,
    /// Prints no line for each request.
    #[arg(long, short)]
    quiet: bool,
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
    /// Windows that follow each other by the clock.
    FixedWindow,
    /// No limit at all.
    None,
    /// This window and the share of the last one, as Cloudflare counts.
    SlidingCounter,
    /// Each request of the last window.
    SlidingLog,
    /// A sliding counter of three sub-windows.
    SubWindows,
    /// Tokens that come back evenly.
    TokenBucket,
    /// Windows that begin with the first request in each.
    WindowFromFirst,
}

/// A fault that is asked for.
#[derive(Clone, Debug)]
struct Mishap {
    fault: Fault,
    chance: f64,
}

/// A token that is asked for.
#[derive(Clone, Debug)]
struct Wish {
    name: String,
    expires_in: Option<Duration>,
}

pub(crate) async fn run(arguments: EmulatorArguments, out: Out) -> Result<(), Failure> {
    // From the first line that it prints.
    let mut stopped = pin!(signals::stop()?);
    let mut builder = Emulator::builder();
    for (seed, Mishap { fault, chance }) in (0..).zip(&arguments.faults) {
        builder = builder.fault(FaultRule::chance(*chance, seed, fault.clone()));
    }
    let emulator = builder
        .limit(limit(&arguments)?)
        .run_time(Duration::from_secs_f64(arguments.run_time))
        .runners(arguments.runners)
        .ports(
            arguments.http_port,
            arguments.https_port,
            arguments.storage_port,
        )
        .start()
        .await
        .map_err(|e| Failure::Setting(format!("cannot listen: {e}")))?;
    print(out, "http", &emulator.http_url())?;
    print(out, "https", &emulator.https_url())?;
    print(out, "storage", &emulator.storage_url())?;
    if let Some(path) = &arguments.ca {
        std::fs::write(path, emulator.ca_pem())
            .map_err(|e| Failure::Setting(format!("cannot write {}: {e}", path.display())))?;
        print(out, "ca", &path.display().to_string())?;
    }
    make(&emulator.tokens(), &arguments.tokens, out)?;

    let mut log = emulator.edge().log();
    let mut end = pin!(tokio::time::sleep(Duration::from_secs(arguments.duration)));
    loop {
        tokio::select! {
            () = &mut end => break,
            () = &mut stopped => break,
            Some(response) = log.next(), if !arguments.quiet => print_response(out, &response)?,
        }
    }
    let edge = emulator.edge();
    emulator.shutdown().await;
    let (requests, throttled) = (edge.requests(), edge.throttled());
    out.value(
        &json!({ "requests": requests, "throttled": throttled }),
        || format!("{requests} requests, {throttled} of them throttled"),
    )?;
    Ok(())
}

fn print(out: Out, what: &str, value: &str) -> Result<(), Failure> {
    Ok(out.value(&json!({ what: value }), || format!("{what:7}  {value}"))?)
}

fn print_response(out: Out, response: &LoggedResponse) -> Result<(), Failure> {
    let status = response.status.map(|status| status.as_u16());
    let (method, path) = (response.method.as_str(), &response.path);
    let line = json!({ "method": method, "path": path, "status": status });
    out.value(&line, || {
        let status = status.map_or_else(|| "cut".to_owned(), |status| status.to_string());
        format!("{status}  {method:6}  {}", shown(path))
    })?;
    Ok(())
}

fn make(tokens: &TokenStore, wishes: &[Wish], out: Out) -> Result<(), Failure> {
    let default = Wish {
        name: "default".to_owned(),
        expires_in: None,
    };
    let wishes = if wishes.is_empty() {
        &[default]
    } else {
        wishes
    };
    for Wish { name, expires_in } in wishes {
        let token = tokens.create(name, *expires_in);
        let line = json!({ "token": token, "name": name });
        out.value(&line, || format!("token    {name} {token}"))?;
    }
    Ok(())
}

fn limit(arguments: &EmulatorArguments) -> Result<Option<Limit>, Failure> {
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
    let limit = Limit::new(arguments.limit, window).map_err(|e| Failure::Setting(e.to_string()))?;
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

fn mishap(text: &str) -> Result<Mishap, String> {
    let (name, chance) = text.split_once('=').unwrap_or((text, "0.1"));
    let fault = match name {
        "delay" => Fault::Delay(Duration::from_secs(1)),
        "go-away" => Fault::GoAway,
        "reset" => Fault::Reset,
        "reset-in-body" => Fault::ResetInBody,
        "stall" => Fault::Stall,
        "truncate" => Fault::Truncate,
        "unavailable" => Fault::Respond(Shape::Unavailable),
        _ => return Err(format!("one of {FAULTS}")),
    };
    match chance.parse() {
        Ok(chance) if (0.0..=1.0).contains(&chance) => Ok(Mishap { fault, chance }),
        _ => Err("a chance is a number from 0 to 1".to_owned()),
    }
}

const FAULTS: &str = "delay, go-away, reset, reset-in-body, stall, truncate, unavailable";

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if Duration::try_from_secs_f64(seconds).is_ok_and(|time| time < DAY) => {
            Ok(seconds)
        }
        _ => Err("a number of seconds, less than a day".to_owned()),
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
