use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol::{Client, ClientBuilder};
use comfycontrol_emulator::{Emulator, EmulatorBuilder};
use comfycontrol_gateway::{Gateway, GatewayBuilder, Listener, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Longer than anything here lasts on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// A gateway on loopback.
pub(crate) struct Running {
    pub(crate) gateway: Gateway,
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<usize>,
}

impl Running {
    pub(crate) fn of(gateway: Gateway) -> Self {
        Self::with(gateway, |server| server)
    }

    pub(crate) fn with(gateway: Gateway, set: impl FnOnce(Server) -> Server) -> Self {
        Self::at(Listener::tcp("127.0.0.1:0".parse().unwrap()), gateway, set)
    }

    pub(crate) fn at(
        listener: Listener,
        gateway: Gateway,
        set: impl FnOnce(Server) -> Server,
    ) -> Self {
        let bound = listener.bind(&gateway).expect("a free port");
        let address = bound.place().parse().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = set(Server::new(gateway.clone()));
        let server = tokio::spawn(server.run(bound, async { _ = stopped.await }));
        Self {
            gateway,
            address,
            stop: Some(stop),
            server,
        }
    }

    /// Tells it to stop, and does not wait.
    pub(crate) fn begin_stop(&mut self) {
        _ = self.stop.take().unwrap().send(());
    }

    /// How many calls were cut off at the end.
    pub(crate) async fn stopped(self) -> usize {
        timeout(LONG, self.server).await.expect("ends").unwrap()
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A call that waits at the limiter, until this is dropped.
    pub(crate) async fn waiting(&self) -> TcpStream {
        let mut stream = self.connect().await;
        let call = b"GET /v1/user HTTP/1.1\r\nhost: localhost\r\n\r\n";
        stream.write_all(call).await.unwrap();
        let limiter = self.gateway.priority().limiter();
        let waits = async {
            while limiter.snapshot().queued() == 0 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(LONG, waits).await.expect("it waits");
        stream
    }

    /// Sends bytes, and gives all that comes until the gateway closes.
    pub(crate) async fn say(&self, text: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        stream.write_all(text.as_ref()).await.unwrap();
        let mut all = Vec::new();
        // What was sent may have been more than was read.
        _ = timeout(LONG, stream.read_to_end(&mut all))
            .await
            .expect("is closed");
        String::from_utf8_lossy(&all).into_owned()
    }

    pub(crate) async fn get(&self, path: &str, fields: &str) -> String {
        self.say(format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{fields}\r\n"
        ))
        .await
    }
}

/// The emulator over TLS and HTTP/2, and a gateway before it.
pub(crate) struct Emulated {
    pub(crate) emulator: Emulator,
    pub(crate) token: String,
    pub(crate) running: Running,
}

impl Emulated {
    pub(crate) async fn new() -> Self {
        Self::of(Emulator::builder().limit(None), |gateway| gateway).await
    }

    pub(crate) async fn of(
        emulator: EmulatorBuilder,
        set: impl FnOnce(GatewayBuilder) -> GatewayBuilder,
    ) -> Self {
        let emulator = emulator.start().await.expect("loopback");
        let token = emulator.tokens().create("gateway", None);
        let client = Client::builder()
            .base_url(emulator.https_url())
            .root_certificate(emulator.ca_der())
            .token(&token);
        let gateway = set(Gateway::builder(client)).build().unwrap();
        Self {
            emulator,
            token,
            running: Running::of(gateway),
        }
    }
}

/// A limiter that has no slot left, and gets none for so long.
pub(crate) async fn used_up(window: Duration) -> Limiter {
    let limiter = Limiter::new(Quota::new(1, window).unwrap());
    limiter
        .acquire()
        .await
        .unwrap()
        .dispatch()
        .settle(&http::Response::new(()));
    limiter
}

/// A server that sends these bytes on each connection once a head has come, and closes.
pub(crate) struct Scripted {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    pub(crate) async fn new(said: impl Into<Vec<u8>>) -> Self {
        Self::of(said.into(), false, None).await
    }

    /// As [`new`](Self::new), but it never closes.
    pub(crate) async fn held(said: impl Into<Vec<u8>>) -> Self {
        Self::of(said.into(), true, None).await
    }

    /// As [`new`](Self::new), but the first response waits until this is sent or dropped.
    pub(crate) async fn released(said: impl Into<Vec<u8>>) -> (Self, oneshot::Sender<()>) {
        let (release, released) = oneshot::channel();
        (Self::of(said.into(), false, Some(released)).await, release)
    }

    async fn of(said: Vec<u8>, is_held: bool, mut released: Option<oneshot::Receiver<()>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heads = Arc::new(Mutex::new(Vec::new()));
        let kept = heads.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (kept, said, released) = (kept.clone(), said.clone(), released.take());
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        match stream.read_u8().await {
                            Ok(byte) => head.push(byte),
                            Err(_) => break,
                        }
                    }
                    let head = String::from_utf8_lossy(&head).into_owned();
                    kept.lock().unwrap().push(head);
                    if let Some(released) = released {
                        _ = released.await;
                    }
                    _ = stream.write_all(&said).await;
                    if is_held {
                        std::future::pending::<()>().await;
                    }
                    _ = stream.shutdown().await;
                });
            }
        });
        Self { url, heads }
    }

    pub(crate) fn client(&self) -> ClientBuilder {
        Client::builder()
            .base_url(&self.url)
            .token("cfc_FAKE0secret0of0the0gateway")
            .retry(comfycontrol::retry::RetryPolicy::none())
    }

    pub(crate) fn running(&self) -> Running {
        Running::of(Gateway::new(self.client()).unwrap())
    }

    /// Waits until a head has come.
    pub(crate) async fn asked(&self) {
        let asked = async {
            while self.heads.lock().unwrap().is_empty() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(LONG, asked).await.expect("a request");
    }

    /// The last head that came, in lower case.
    pub(crate) fn last_head(&self) -> String {
        let heads = self.heads.lock().unwrap();
        heads.last().expect("a request").to_ascii_lowercase()
    }
}

/// The body of a response in chunks, and whether it came to its end.
pub(crate) fn unchunked(response: &str) -> (String, bool) {
    let (_, mut rest) = response.split_once("\r\n\r\n").expect("a head");
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("a size");
        if size == 0 {
            return (body, true);
        }
        let Some(data) = after.get(..size) else {
            return (body + after, false);
        };
        body.push_str(data);
        rest = after.get(size + 2..).unwrap_or_default();
    }
    (body, false)
}
