//! The ComfyControl API from a shell: `comfycontrol --help`.
//!
//! Each command is a file of its own in `commands`. It writes to an [`Out`], and fails with a
//! [`Failure`], which knows the exit code.

mod arguments;
mod commands;
mod connect;
mod failure;
mod out;
mod progress;

use std::process::ExitCode;

use clap::Parser;

use self::arguments::{Arguments, Command, Global};
use self::failure::Failure;
use self::out::Out;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let out = Out::new(arguments.global.json);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(arguments, out)),
        Err(e) => Err(Failure::local(format!("no runtime: {e}"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell(out);
            failure.code()
        }
    }
}

/// Ctrl-C ends a command, and what it waits for.
async fn until_interrupted(
    command: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    tokio::select! {
        // One that tells more of its interruption comes first.
        biased;
        result = command => result,
        interrupted = tokio::signal::ctrl_c() => match interrupted {
            Ok(()) => Err(Failure::Interrupted(None)),
            Err(e) => Err(Failure::local(format!("no signal handler: {e}"))),
        },
    }
}

async fn run(arguments: Arguments, out: Out) -> Result<(), Failure> {
    let Arguments { global, command } = arguments;
    // Its ordinary end.
    let ends_by_interrupt = matches!(command, Command::Emulator(_));
    let call = call(&global, command, out);
    if ends_by_interrupt {
        return call.await;
    }
    until_interrupted(call).await
}

async fn call(global: &Global, command: Command, out: Out) -> Result<(), Failure> {
    match command {
        Command::Whoami => commands::whoami::run(&connect::api(global)?, out).await,
        Command::Runners(list) => commands::runners::run(&connect::api(global)?, list, out).await,
        Command::Workflows(list) => {
            commands::workflows::run(&connect::api(global)?, list, out).await
        }
        Command::Run(run) => commands::run::run(&connect::api(global)?, run, out).await,
        Command::Cancel(id) => commands::cancel::run(&connect::api(global)?, &id, out).await,
        Command::Get(get) => commands::request::get(&connect::client(global)?, get, out).await,
        Command::Post(post) => commands::request::post(&connect::client(global)?, post, out).await,
        Command::Doctor => commands::doctor::run(global, out).await,
        Command::Emulator(emulator) => commands::emulator::run(emulator, out).await,
        Command::Completions(shell) => commands::completions::run(shell.shell),
    }
}
