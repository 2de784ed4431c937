//! Is all that is promised kept while everything fails? Processes call a server that fails in every
//! way it can, by a plan that follows from a seed, while they are stopped, killed and replaced.
//! What must hold is judged from outside: by what the server has seen and by what the processes
//! tell, never by the code under test.

mod call;
mod client;
mod connection;
mod fleet;
mod gateway;
mod judge;
mod plan;
mod process;
mod pulse;
mod record;
mod respond;
mod role;
mod self_test;
mod server;
mod shapes;
mod summary;
mod terms;
mod usage;
mod verdicts;
mod wire;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use comfycontrol_benches::place::Place;
use comfycontrol_test::{RedisProgram, RedisServer};
use futures_util::future::join_all;

use self::fleet::Fleet;
use self::role::{Kind, Role};

/// Runs clients and gateways against a server that fails, and judges what comes of it.
#[derive(Clone, Debug, Parser)]
#[command(name = "chaos")]
struct Options {
    /// For how many minutes
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,

    /// From which all faults follow
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Break each invariant on purpose, and fail unless that is seen
    #[arg(long)]
    self_test: bool,

    #[command(flatten)]
    role: Role,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Options {
        minutes,
        seed,
        self_test,
        role,
    } = Options::parse();
    match role.role {
        Some(Kind::Gateway) => gateway::run(&role).await,
        Some(Kind::Client | Kind::Caller) => client::run(&role, seed).await,
        None => {}
    }
    let failed = if self_test {
        self_test::run(seed).await
    } else {
        chaos(seed, Duration::from_secs_f64(minutes * 60.0)).await
    };
    match failed {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

/// All fleets at the same time: none of them has much to do.
async fn chaos(seed: u64, lasts: Duration) -> bool {
    let directory = tempfile::tempdir().expect("a directory");
    let redis = RedisProgram::installed()
        .first()
        .map(|program| program.start(&[]));
    let mut fleets = Vec::new();
    let mut add = |name, place: Place, gateway| {
        fleets.push(Fleet {
            name,
            seed: seed.wrapping_mul(1_000).wrapping_add(fleets.len() as u64),
            place,
            gateway,
            lasts,
            sabotage: None,
        });
    };
    let file = |name| Place::File(directory.path().join(name));
    add("memory", Place::Memory, false);
    add("memory, gateway", Place::Memory, true);
    add("file", file("direct"), false);
    add("file, gateway", file("gateway"), true);
    match redis.as_ref().map(RedisServer::url) {
        Some(url) => {
            add("Redis", Place::Redis(format!("{url}/0")), false);
            add("Redis, gateway", Place::Redis(format!("{url}/1")), true);
        }
        None => println!("no Redis here: budgets in memory and in files"),
    }
    println!("seed {seed}, {} s\n", lasts.as_secs());
    summary::print(join_all(fleets.into_iter().map(Fleet::run)).await)
}
