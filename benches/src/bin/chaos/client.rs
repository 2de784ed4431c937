//! A process that makes calls, and tells what comes of each.

mod calls;
mod sabotage;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use comfycontrol::{Client, RateLimitMode};
use comfycontrol_benches::process::tell;
use comfycontrol_rate_limit::Limiter;
use parking_lot::Mutex;
use tokio::task::JoinSet;

use self::sabotage::Saboteur;
use crate::call::Call;
use crate::role::{Kind, Role, listen, rest};
use crate::terms;

/// Calls at once.
const LANES: usize = 12;

/// After so many calls the client is dropped, with its connections, and another made.
const CALLS_OF_A_CLIENT: u32 = 150;

pub(crate) struct Process {
    role: Role,
    seed: u64,
    limiter: Option<Limiter>,
    client: Mutex<Client>,
    calls: AtomicU32,
    saboteur: Saboteur,
}

pub(crate) async fn run(role: &Role, seed: u64) {
    let stopped = listen();
    let limiter = (role.role == Some(Kind::Client))
        .then(|| role.place.limiter(terms::limiter(), terms::LEASE));
    let process = Arc::new(Process {
        role: role.clone(),
        seed,
        client: Mutex::new(client(role, limiter.as_ref())),
        limiter,
        calls: AtomicU32::new(0),
        saboteur: Saboteur::new(role),
    });
    tell(format_args!("ready 0"));
    let mut lanes = JoinSet::new();
    for _ in 0..LANES {
        let (process, stopped) = (Arc::clone(&process), stopped.clone());
        lanes.spawn(async move {
            while !*stopped.borrow() {
                let (call, client) = process.next();
                process.saboteur.act(call, &client).await;
                calls::make(&process, call, client).await;
            }
        });
    }
    while lanes.join_next().await.is_some() {}
    drop(process);
    rest().await;
}

impl Process {
    /// The next call, and the client that makes it.
    fn next(&self) -> (Call, Client) {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let call = Call {
            process: self.role.process,
            number,
        };
        let mut current = self.client.lock();
        if number % CALLS_OF_A_CLIENT == CALLS_OF_A_CLIENT - 1 {
            *current = client(&self.role, self.limiter.as_ref());
        }
        (call, current.clone())
    }
}

fn client(role: &Role, limiter: Option<&Limiter>) -> Client {
    let builder = match limiter {
        Some(limiter) => role.client().rate_limit(limiter.clone()),
        None => Client::builder()
            .base_url(format!("http://127.0.0.1:{}", role.port))
            .without_token()
            .rate_limit(RateLimitMode::Off)
            .timeouts(terms::timeouts())
            .no_proxy(),
    };
    builder.build().expect("the settings are sound")
}
