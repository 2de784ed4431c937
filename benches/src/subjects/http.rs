//! Real requests over loopback: the facade, a bare hyper-util client and reqwest, to one server in
//! the same thread, so that nothing waits for another core to wake up.

mod clients;
mod server;

use std::rc::Rc;
use std::time::Duration;

use http::Version;
use tokio::runtime::Runtime;
use tokio::task::LocalSet;

use self::clients::Clients;
use self::server::Servers;
use crate::measure::Stopwatch;

/// What sends the requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Sender {
    /// hyper-util's client over hyper-rustls, which all three are built on.
    Bare,
    /// Ours, with the limit switched off.
    Facade,
    /// reqwest.
    Reqwest,
}

/// What is spoken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Wire {
    /// HTTP/1.1 in clear text.
    Http1,
    /// HTTP/1.1 over TLS.
    Http1Tls,
    /// HTTP/2 over TLS.
    Http2Tls,
}

/// All senders, connected to their servers.
#[derive(Debug)]
pub struct Contest {
    runtime: Runtime,
    tasks: LocalSet,
    clients: Rc<Clients>,
}

/// How one sender did for a while.
#[derive(Clone, Copy, Debug)]
pub struct Lap {
    /// How long all of it took.
    pub total: Duration,
    /// Requests per second.
    pub rate: f64,
    /// Half of the requests took no longer.
    pub p50: Duration,
    /// 99 of 100 requests took no longer.
    pub p99: Duration,
}

impl Sender {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Bare, Self::Facade, Self::Reqwest];

    /// As it stands in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare hyper-util",
            Self::Facade => "comfycontrol",
            Self::Reqwest => "reqwest",
        }
    }
}

impl Wire {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Http1, Self::Http1Tls, Self::Http2Tls];

    /// As it stands in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http1 => "HTTP/1.1",
            Self::Http1Tls => "HTTP/1.1 over TLS",
            Self::Http2Tls => "HTTP/2 over TLS",
        }
    }

    fn version(self) -> Version {
        match self {
            Self::Http1 | Self::Http1Tls => Version::HTTP_11,
            Self::Http2Tls => Version::HTTP_2,
        }
    }
}

impl Contest {
    /// Starts the servers.
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let tasks = LocalSet::new();
        let clients = tasks.block_on(&runtime, async {
            let servers = Servers::start().await.expect("servers on loopback");
            Rc::new(Clients::new(&servers))
        });
        Self {
            runtime,
            tasks,
            clients,
        }
    }

    /// `requests` in all, `abreast` at a time.
    ///
    /// # Panics
    ///
    /// If one does not get the response that it should.
    pub fn lap(&self, sender: Sender, wire: Wire, abreast: usize, requests: usize) -> Lap {
        let each = requests.div_ceil(abreast);
        self.tasks.block_on(&self.runtime, async {
            let watch = Stopwatch::start();
            let lanes: Vec<_> = (0..abreast)
                .map(|_| {
                    let clients = Rc::clone(&self.clients);
                    tokio::task::spawn_local(async move {
                        let mut times = Vec::with_capacity(each);
                        for _ in 0..each {
                            let watch = Stopwatch::start();
                            clients.send(sender, wire).await;
                            times.push(watch.elapsed());
                        }
                        times
                    })
                })
                .collect();
            let mut times = Vec::with_capacity(requests);
            for lane in lanes {
                times.extend(lane.await.expect("all requests get a response"));
            }
            let total = watch.elapsed();
            times.sort_unstable();
            Lap {
                total,
                rate: times.len() as f64 / total.as_secs_f64(),
                p50: times[times.len() / 2],
                p99: times[times.len() * 99 / 100],
            }
        })
    }
}

impl Default for Contest {
    fn default() -> Self {
        Self::new()
    }
}

const PATH: &str = "/v1/user";

const RESPONSE_BODY: &str = r#"{"id":"3b241101-e2bb-4255-8caf-4136c566a962","name":"Somebody","email":"somebody@example.com","tier":"pro","credits":1234,"created":"2026-01-01T00:00:00Z","runners":["a","b","c"],"active":true}"#;
