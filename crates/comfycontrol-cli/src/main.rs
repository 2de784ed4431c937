//! The ComfyControl API from a shell: `comfycontrol --help`.
//!
//! Each command is a file of its own in `commands`. It writes to an [`Out`], and fails with a
//! [`Failure`], which knows the exit code.

mod arguments;
mod batch;
mod budget;
mod commands;
mod connect;
mod failure;
mod graph;
mod input;
mod left;
mod out;
mod placeholders;
mod progress;
mod signals;
mod terminal_escape;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use self::arguments::{Arguments, Command};
use self::budget::Budget;
use self::connect::Connect;
use self::failure::Failure;
use self::left::Left;
use self::out::Out;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(told) => return misread(told),
    };
    let out = Out::new(arguments.global.json);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(e) => return end(&Failure::local(format!("no runtime: {e}")), out),
    };
    let result = runtime.block_on(run(arguments, out));
    // A thread may read what never comes, as from a terminal: it is not waited for.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => end(&failure, out),
    }
}

/// Help that was asked for, or what was said wrongly.
fn misread(told: clap::Error) -> ExitCode {
    let asked_for_json = std::env::args_os().any(|argument| argument == "--json");
    if told.use_stderr() && asked_for_json {
        return end(&Failure::Arguments(told), Out::new(true));
    }
    // Its reader may have gone.
    _ = told.print();
    ExitCode::from(u8::try_from(told.exit_code()).unwrap_or(2))
}

fn end(failure: &Failure, out: Out) -> ExitCode {
    failure.tell(out);
    failure.code()
}

async fn run(arguments: Arguments, out: Out) -> Result<(), Failure> {
    let Arguments { global, command } = arguments;
    // An interrupt is its ordinary end.
    let ends_itself = matches!(command, Command::Emulator(_) | Command::Gateway(_));
    let left = Left::default();
    let budget = Budget::default();
    let connect = Connect {
        global: &global,
        budget: &budget,
        out,
    };
    let call = call(connect, command, &left);
    if ends_itself {
        let result = call.await;
        budget.leave(out).await;
        return result;
    }
    let time = global.timeout.map(Duration::from_secs);
    let result = tokio::select! {
        result = call => result,
        () = over(time) => Err(Failure::TimeOver(left.tell())),
        interrupted = tokio::signal::ctrl_c() => match interrupted {
            Ok(()) => Err(Failure::Interrupted(left.tell())),
            Err(e) => Err(Failure::local(format!("no signal handler: {e}"))),
        },
    };
    budget.leave(out).await;
    result
}

async fn over(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

async fn call(connect: Connect<'_>, command: Command, left: &Left) -> Result<(), Failure> {
    let out = connect.out;
    let asks = !matches!(
        command,
        Command::Completions(_) | Command::Doctor | Command::Emulator(_) | Command::Gateway(_)
    );
    if asks {
        connect.budget.check(connect.global, out).await?;
    }
    match command {
        Command::Whoami => commands::whoami::run(&connect.api().await?, out).await,
        Command::Runners(list) => commands::runners::run(&connect.api().await?, list, out).await,
        Command::Workflows(list) => {
            commands::workflows::run(&connect.api().await?, list, out).await
        }
        Command::Run(run) => commands::run::run(&connect.long().await?, run, left, out).await,
        Command::Batch(batch) => {
            let slot = connect.global.quota.per() / connect.global.quota.requests();
            batch::run(connect.long().await?, batch, slot, left, out).await
        }
        Command::Save(save) => commands::save::run(&connect.long().await?, save, left, out).await,
        Command::Cancel(id) => commands::cancel::run(&connect.api().await?, &id, out).await,
        Command::Get(get) => commands::request::get(&connect.client().await?, get, out).await,
        Command::Post(post) => commands::request::post(&connect.client().await?, post, out).await,
        Command::Doctor => commands::doctor::run(connect).await,
        Command::Emulator(emulator) => commands::emulator::run(emulator, out).await,
        Command::Gateway(gateway) => commands::gateway::run(connect, *gateway).await,
        Command::Completions(shell) => commands::completions::run(shell.shell),
    }
}
