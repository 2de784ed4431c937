//! The transport compared with reqwest, hyper-util's client and curl: cold bursts, long links,
//! unread responses.
//!
//! Each measurement is a process of its own against one server, so that time, processor and memory
//! are the client's alone; all of a table take turns, and medians are shown.

mod client;
mod report;
mod server;
mod usage;

use std::process::{Command, Stdio};

use clap::{Parser, Subcommand};

use self::client::Task;

#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    role: Option<Role>,
    /// How often each measurement is made.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Only the tables whose name has this in it.
    #[arg(long, default_value = "")]
    only: String,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Serves until its input ends.
    Serve,
    /// Does one thing, and prints what it took.
    Measure(Task),
}

fn main() {
    let args = Args::parse();
    match args.role {
        Some(Role::Serve) => server::serve(),
        Some(Role::Measure(task)) => println!("{}", client::measure(&task)),
        None => {
            let program = std::env::current_exe().expect("this program");
            let mut server = Command::new(&program)
                .arg("serve")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("the server starts");
            report::print(&program, &mut server, args.rounds, &args.only);
            drop(server.stdin.take());
            let _ = server.wait();
        }
    }
}
