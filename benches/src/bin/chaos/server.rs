//! The server: it listens, restarts, and knows what it has done.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use comfycontrol_test::now;
use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_rustls::TlsAcceptor;

use crate::connection;
use crate::pulse::Pulse;
use crate::record::Record;
use crate::terms;
use crate::verdicts::Verdicts;

/// How long it is away when it restarts.
const AWAY: Duration = Duration::from_millis(300);

/// What all connections have in common.
pub(crate) struct Shared {
    pub(crate) seed: u64,
    pub(crate) record: Mutex<Record>,
    pub(crate) verdicts: Arc<Mutex<Verdicts>>,
    pub(crate) restarts: mpsc::UnboundedSender<()>,
    /// Until when a 429 proves nothing, and why.
    excuse: Mutex<Option<(Instant, &'static str)>>,
    pulse: Pulse,
    tls: TlsAcceptor,
}

impl Shared {
    /// What was sent before the limit could be kept may still be counted.
    pub(crate) fn excuse(&self, why: &'static str) {
        *self.excuse.lock() = Some((now() + terms::FORGOTTEN, why));
    }

    /// For how long the machine has stood still so far.
    pub(crate) fn stood_still(&self) -> Duration {
        self.pulse.lost(now())
    }

    pub(crate) fn excused(&self) -> Option<&'static str> {
        let (until, why) = (*self.excuse.lock())?;
        (now() < until).then_some(why)
    }
}

/// A port that stays taken while nothing listens there.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) number: u16,
    /// It never listens.
    _socket: TcpSocket,
}

impl Port {
    pub(crate) fn free() -> Self {
        let socket = socket();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(any).expect("a port");
        let number = socket.local_addr().expect("an address").port();
        let _socket = socket;
        Self { number, _socket }
    }
}

pub(crate) struct Server {
    pub(crate) shared: Arc<Shared>,
    pub(crate) port: Port,
    /// They end with it.
    _tasks: JoinSet<()>,
}

impl Server {
    /// Starts it; leaves its certificate and the token for the clients in `directory`.
    pub(crate) fn start(seed: u64, directory: &Path, verdicts: Arc<Mutex<Verdicts>>) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a key");
        std::fs::write(directory.join("ca.der"), made.cert.der()).expect("a file");
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let mut tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring knows them")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .expect("a certificate");
        tls.alpn_protocols = vec!["h2".into()];
        let (restarts, restarted) = mpsc::unbounded_channel();
        #[expect(clippy::disallowed_methods, reason = "this is the outermost shell")]
        let wall_clock = SystemTime::now();
        let shared = Arc::new(Shared {
            seed,
            record: Mutex::new(Record::new(seed, directory.join("token"), wall_clock)),
            verdicts,
            restarts,
            excuse: Mutex::new(None),
            pulse: Pulse::new(now()),
            tls: TlsAcceptor::from(Arc::new(tls)),
        });
        let port = Port::free();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number));
        let mut tasks = JoinSet::new();
        tasks.spawn(run(Arc::clone(&shared), address, restarted));
        tasks.spawn(watch(Arc::clone(&shared)));
        Self {
            shared,
            port,
            _tasks: tasks,
        }
    }
}

/// Notes when this process had to wait for a processor for as long as requests may be on their way.
async fn watch(shared: Arc<Shared>) {
    loop {
        let (late, next) = shared.pulse.beat(now());
        if late {
            shared.excuse("after the machine stood still");
        }
        sleep_until(next).await;
    }
}

async fn run(shared: Arc<Shared>, address: SocketAddr, mut restarts: mpsc::UnboundedReceiver<()>) {
    loop {
        let listener = listen(address).await;
        let mut connections = JoinSet::new();
        loop {
            let stream = tokio::select! {
                _ = restarts.recv() => break,
                accepted = listener.accept() => accepted,
            };
            while connections.try_join_next().is_some() {}
            if let Ok((stream, peer)) = stream {
                let (shared, tls) = (Arc::clone(&shared), shared.tls.clone());
                connections.spawn(connection::serve(shared, tls, stream, peer.ip()));
            }
        }
        drop(listener);
        drop(connections);
        sleep(AWAY).await;
        while restarts.try_recv().is_ok() {}
    }
}

async fn listen(address: SocketAddr) -> TcpListener {
    loop {
        let socket = socket();
        match socket.bind(address).and_then(|()| socket.listen(1_024)) {
            Ok(listener) => return listener,
            // One that has not ended yet.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

fn socket() -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("an option");
    socket
}
