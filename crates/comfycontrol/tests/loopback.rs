//! Real sockets, real TLS and HTTP/2, against the emulator and its own CA.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use comfycontrol::api_error::ApiErrorKind;
use comfycontrol::token::{Token, TokenHandle};
use comfycontrol::workflow::Status;
use comfycontrol::{
    Body, Client, ClientBuilder, ErrorKind, Multipart, Part, Sent, TransportErrorKind,
};
use comfycontrol_emulator::{Emulator, Fault, FaultRule, Garbage, Listener, Shape};
use futures_util::TryStreamExt;
use http::{StatusCode, Version};
use serde_json::{Value, json};
use tokio::net::TcpListener;

// === the main job ===

#[tokio::test]
async fn sixty_at_once_travel_over_http2_without_a_429() {
    let emulator = Emulator::builder().start().await.unwrap();
    let client = builder(&emulator).build().unwrap();

    let calls: Vec<_> = (0..60)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.get("/v1/user").send().await })
        })
        .collect();
    for call in calls {
        let response = call.await.unwrap().unwrap();
        assert_eq!(response.version(), Version::HTTP_2);
        let user: Value = response.json().await.unwrap();
        assert!(user["id"].is_string());
    }
    assert_eq!(
        (emulator.edge().requests(), emulator.edge().refused()),
        (60, 0)
    );
}

#[tokio::test]
async fn the_token_travels_in_one_header_to_one_origin() {
    let emulator = Emulator::builder()
        .run_time(Duration::from_millis(200))
        .start()
        .await
        .unwrap();
    let token = emulator.tokens().create("canary", None);
    let client = builder(&emulator).token(&token).build().unwrap();

    client
        .get("/v1/user")
        .query("page", 1)
        .send()
        .await
        .unwrap();
    client
        .post("/v1/runner")
        .json(&json!({"name": "a", "endpoint": "https://a.example"}))
        .send()
        .await
        .unwrap();
    client
        .get("/v1/user")
        .without_token()
        .send()
        .await
        .unwrap_err();
    let storage = format!("{}/outputs/x?signature=secret", emulator.storage_url());
    client.downloader().get(&storage).send().await.unwrap_err();
    client.get(&storage).send().await.unwrap_err();

    let seen = emulator.captured_requests();
    assert_eq!(seen.len(), 4);
    let mut with_token = 0;
    for seen in &seen {
        let https = seen.listener() == Listener::Https;
        assert_eq!(seen.alpn().is_some(), https);
        if https {
            assert_eq!(seen.version(), Version::HTTP_2);
        }
        assert!(!seen.uri().to_string().contains(&token));
        for (name, value) in seen.headers() {
            if value
                .as_bytes()
                .windows(token.len())
                .any(|part| part == token.as_bytes())
            {
                assert!(https, "the token went to {:?}", seen.listener());
                assert_eq!(
                    (name.as_str(), value.to_str().unwrap()),
                    ("authorization", &*format!("Bearer {token}"))
                );
                with_token += 1;
            }
        }
    }
    assert_eq!(with_token, 2);
}

#[tokio::test]
async fn a_workflow_is_uploaded_followed_and_fetched() {
    let emulator = Emulator::builder()
        .run_time(Duration::from_millis(1_500))
        .sse_interval(Duration::from_millis(100))
        .sse_updates(3)
        .start()
        .await
        .unwrap();
    let client = builder(&emulator).no_limit().build().unwrap();

    let form = Multipart::new()
        .text("name", "Sunset")
        .text("$prompt", "a \"sunset\"")
        .part(
            "workflow_json",
            Part::bytes("{}")
                .file_name("graph.json")
                .content_type("application/json"),
        );
    let run: Value = client
        .post("/v1/workflow")
        .multipart(form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let updates: Vec<_> = client
        .subscribe(run["id"].as_str().unwrap())
        .try_collect()
        .await
        .unwrap();

    // The server closed after each third update; the stream went on, without saying things twice.
    let opened = emulator
        .captured_requests()
        .iter()
        .filter(|seen| seen.uri().path().ends_with("/subscribe"))
        .count();
    assert!(opened > 1, "{opened}");
    assert!(updates.windows(2).all(|pair| pair[0] != pair[1]));
    let last = updates.last().unwrap();
    assert_eq!(last.status, Status::Completed);
    assert!(
        updates[..updates.len() - 1]
            .iter()
            .all(|update| !update.status.is_terminal())
    );

    let file = client
        .downloader()
        .get(&last.outputs[0].src)
        .send()
        .await
        .unwrap();
    let pieces: Vec<_> = file.into_stream().try_collect().await.unwrap();
    assert!(pieces.iter().map(bytes::Bytes::len).sum::<usize>() > 0);
    let stored = emulator
        .captured_requests()
        .into_iter()
        .find(|seen| seen.listener() == Listener::Storage)
        .unwrap();
    assert!(stored.headers().get("authorization").is_none());
}

#[tokio::test]
async fn a_list_in_pages_is_read_whole_and_once() {
    let emulator = Emulator::builder().runners(237).start().await.unwrap();
    let client = builder(&emulator).no_limit().build().unwrap();
    for per_page in [7, 79, 100] {
        let list = client.paginate("/v1/runner", "runners").per_page(per_page);
        let items: Vec<Value> = list.items().try_collect().await.unwrap();
        let mut ids: Vec<_> = items.iter().map(|item| item["id"].to_string()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!((items.len(), ids.len()), (237, 237));
    }
}

#[tokio::test]
async fn an_upload_is_streamed_from_a_file_with_its_length() {
    let emulator = Emulator::builder().start().await.unwrap();
    let client = builder(&emulator).build().unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, &vec![b'x'; 300_000]).unwrap();

    let form = Multipart::new()
        .text("name", "big")
        .part("workflow_json", Part::bytes("{}").file_name("graph.json"))
        .part("$input", Part::file(file.path()).await.unwrap());
    client
        .post("/v1/workflow")
        .multipart(form)
        .send()
        .await
        .unwrap();
    let seen = emulator.captured_requests();
    let length: u64 = seen[0].headers()["content-length"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(length > 300_000);
}

#[test]
fn a_client_is_built_outside_a_runtime_and_used_in_several() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let served = tokio::runtime::Runtime::new().unwrap();
    let emulator = served.block_on(Emulator::builder().start()).unwrap();
    let client = builder(&emulator).build().unwrap();
    for _ in 0..2 {
        let response = runtime().block_on(client.get("/v1/user").send()).unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
}

// === tokens ===

#[tokio::test]
async fn fifty_calls_survive_a_revoked_token_and_pay_for_it() {
    let emulator = Emulator::builder().limit(None).start().await.unwrap();
    let tokens = emulator.tokens();
    let old = tokens.create("old", None);
    let new = tokens.create("new", None);
    let source = TokenHandle::new(Token::parse(&old).unwrap());
    let quota = comfycontrol::rate_limit::Quota::new(1_000, Duration::from_secs(10)).unwrap();
    let client = builder(&emulator)
        .tokens(source.clone())
        .quota(quota)
        .build()
        .unwrap();
    client.get("/v1/user").send().await.unwrap();

    tokens.revoke("old");
    source.rotate(Token::parse(&new).unwrap());
    let calls: Vec<_> = (0..50)
        .map(|_| tokio::spawn(client.get("/v1/user").send()))
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let used = 1_000 - client.limiter().unwrap().snapshot().free();
    assert_eq!(used, emulator.edge().requests());
    assert!(tokens.find("new").unwrap().uses() >= 50);
}

// === wrong input ===

#[tokio::test]
async fn wrong_settings_say_what_to_do() {
    for (url, says) in [
        ("https://api.comfycontrol.app/v1", "path"),
        ("https://api.comfycontrol.app?key=1", "query"),
        (
            "https://user:password@api.comfycontrol.app",
            "user name or password",
        ),
        ("http://api.comfycontrol.app", "use https"),
        ("ftp://api.comfycontrol.app", "https"),
        ("api.comfycontrol.app", "https://host"),
        ("", "https://host"),
    ] {
        let refused = Client::builder()
            .token("cfc_test0000000")
            .base_url(url)
            .build()
            .unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config, "{url}");
        assert_eq!(refused.as_config().unwrap().setting(), "base_url");
        let text = refused.to_string();
        assert!(
            text.starts_with("base URL refused: ") && text.contains(says),
            "{url}: {text}"
        );
        assert!(!format!("{refused:?}{refused:#}").contains("password@"));
    }
    for token in [
        "",
        "abc",
        "cfc_",
        "Bearer cfc_abc0000",
        "cfc_with space",
        "${TOKEN}",
    ] {
        let refused = Client::builder().token(token).build().unwrap_err();
        assert_eq!(refused.as_config().unwrap().setting(), "token", "{token}");
        assert_eq!(refused.sent(), Sent::No);
    }
    let refused = Client::builder()
        .without_token()
        .root_certificate(b"no".to_vec())
        .build()
        .unwrap_err();
    assert_eq!(refused.as_config().unwrap().setting(), "root_certificate");
    for proxy in ["", "socks4://127.0.0.1", "ftp://127.0.0.1"] {
        let refused = Client::builder()
            .without_token()
            .proxy(proxy)
            .build()
            .unwrap_err();
        assert_eq!(refused.as_config().unwrap().setting(), "proxy", "{proxy}");
    }
}

#[tokio::test]
async fn a_refused_connection_was_never_sent_and_says_so() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let emulator = Emulator::builder().start().await.unwrap();
    let client = builder(&emulator).base_url(url).build().unwrap();
    let failed = client.post("/v1/user").send().await.unwrap_err();
    assert_eq!(
        failed.as_transport().unwrap().kind(),
        TransportErrorKind::Refused
    );
    assert_eq!(failed.sent(), Sent::No);
    assert!(failed.is_retryable());
    assert!(
        failed
            .to_string()
            .starts_with("connection refused: check that a server listens")
    );
}

#[tokio::test]
async fn a_stranger_s_certificate_is_refused() {
    let (ours, other) = (
        Emulator::builder().start().await.unwrap(),
        Emulator::builder().start().await.unwrap(),
    );
    let client = builder(&ours).base_url(other.https_url()).build().unwrap();
    let failed = client.get("/v1/user").send().await.unwrap_err();
    assert_eq!(
        failed.as_transport().unwrap().kind(),
        TransportErrorKind::Tls
    );
    assert_eq!((failed.sent(), failed.is_retryable()), (Sent::No, false));
    assert!(other.captured_requests().is_empty());
}

#[tokio::test]
async fn an_unknown_host_and_a_silent_one_are_told_apart() {
    let emulator = Emulator::builder().start().await.unwrap();
    let unknown = builder(&emulator)
        .base_url("https://nobody.invalid")
        .no_proxy()
        .build()
        .unwrap();
    let failed = unknown.get("/").send().await.unwrap_err();
    assert_eq!(
        failed.as_transport().unwrap().kind(),
        TransportErrorKind::Dns
    );

    // Takes connections, and never says a word.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("https://localhost:{}", silent.local_addr().unwrap().port());
    let client = builder(&emulator)
        .base_url(url)
        .connect_timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    let failed = client.post("/").send().await.unwrap_err();
    assert_eq!(
        failed.as_transport().unwrap().kind(),
        TransportErrorKind::ConnectTimedOut
    );
    assert!(failed.is_timeout());
}

#[tokio::test]
async fn what_the_server_gets_wrong_becomes_an_error_that_keeps_the_status() {
    let emulator = Emulator::builder().start().await.unwrap();
    let client = builder(&emulator).build().unwrap();
    let faults = emulator.faults();

    faults.add(FaultRule::next(
        1,
        Fault::Answer(Shape::Garbage(Garbage::PageWithSuccess)),
    ));
    let failed = client
        .post("/v1/x")
        .send()
        .await
        .unwrap()
        .json::<Value>()
        .await
        .unwrap_err();
    assert_eq!(
        (failed.kind(), failed.status()),
        (ErrorKind::Decode, Some(StatusCode::OK))
    );

    faults.add(FaultRule::next(
        1,
        Fault::Answer(Shape::Garbage(Garbage::GzipBomb)),
    ));
    let failed = client.post("/v1/x").send().await.unwrap_err();
    let api = failed.as_api().unwrap();
    assert!(api.body_was_cut() && api.body().len() <= 64 * 1024);

    faults.add(FaultRule::next(1, Fault::ResetInBody));
    let failed = client
        .get("/v1/runner")
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap_err();
    assert_eq!((failed.kind(), failed.sent()), (ErrorKind::Body, Sent::Yes));

    faults.add(FaultRule::next(1, Fault::Reset));
    let failed = client.post("/v1/x").send().await.unwrap_err();
    assert_eq!(
        (failed.kind(), failed.sent()),
        (ErrorKind::Transport, Sent::Maybe)
    );

    faults.clear();
    let failed = client
        .get("/v1/user")
        .without_token()
        .send()
        .await
        .unwrap_err();
    assert_eq!(failed.as_api().unwrap().kind(), ApiErrorKind::MissingToken);
}

#[tokio::test]
async fn clients_of_one_origin_share_the_limiter_unless_told_otherwise() {
    let emulator = Emulator::builder().start().await.unwrap();
    let real = || {
        builder(&emulator)
            .base_url("https://registry.comfycontrol.test")
            .no_proxy()
    };
    let first = real().build().unwrap();
    let limiter = first.limiter().unwrap();
    assert!(limiter.is_same(real().without_token().build().unwrap().limiter().unwrap()));
    for other in [
        real().own_limiter(),
        real().base_url("https://other.comfycontrol.test"),
    ] {
        assert!(!limiter.is_same(other.build().unwrap().limiter().unwrap()));
    }
    let proxied = real().proxy("http://127.0.0.1:1").build().unwrap();
    assert!(!limiter.is_same(proxied.limiter().unwrap()));
    // Two emulators are two edges, even if one takes the other's port.
    let local = || builder(&emulator).build().unwrap();
    assert!(
        !local()
            .limiter()
            .unwrap()
            .is_same(local().limiter().unwrap())
    );
}

// === the environment ===

#[tokio::test]
async fn the_environment_gives_token_and_proxy_but_this_machine_is_asked_directly() {
    let emulator = Emulator::builder().start().await.unwrap();
    let trap = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let proxy = format!("http://{}", trap.local_addr().unwrap());
    let ca = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(ca.path(), emulator.ca_der()).unwrap();
    // A program's own environment cannot be changed safely, so this one is started once more.
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args([
            "--exact",
            "child_asks_for_the_user",
            "--ignored",
            "--nocapture",
        ])
        .env(
            "COMFYCONTROL_TOKEN",
            format!("{}\n", emulator.tokens().create("child", None)),
        )
        .env("COMFYCONTROL_BASE_URL", "https://evil.example")
        .env("CHILD_CA", ca.path())
        .env("CHILD_HTTP", emulator.http_url())
        .env("CHILD_HTTPS", emulator.https_url());
    for variable in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        child.env(variable, &proxy);
    }
    child.env_remove("NO_PROXY").env_remove("no_proxy");
    let status = tokio::task::spawn_blocking(move || child.status())
        .await
        .unwrap()
        .unwrap();
    assert!(status.success());
    assert_eq!(emulator.captured_requests().len(), 2);
    let connected = tokio::time::timeout(Duration::from_millis(50), trap.accept()).await;
    assert!(connected.is_err(), "the proxy was asked");
}

#[tokio::test]
#[ignore = "run by the test above, with an environment of its own"]
async fn child_asks_for_the_user() {
    let variable = |name| std::env::var(name).unwrap();
    let ca = std::fs::read(variable("CHILD_CA")).unwrap();
    let builder = || Client::builder().root_certificate(ca.clone());
    let client = builder().build().unwrap();
    assert_eq!(client.base_url().unwrap(), "https://api.comfycontrol.app/");
    for url in ["CHILD_HTTP", "CHILD_HTTPS"] {
        let client = builder().base_url(variable(url)).build().unwrap();
        client.get("/v1/user").send().await.unwrap();
    }
    // The proxy is there for the rest of the world.
    assert!(
        builder()
            .proxy(variable("HTTP_PROXY"))
            .build()
            .unwrap()
            .limiter()
            .unwrap()
            .is_same(client.limiter().unwrap())
    );
}

#[tokio::test]
async fn https_goes_through_a_tunnel_and_the_proxy_s_password_stays_there() {
    let emulator = Emulator::builder().start().await.unwrap();
    for scheme in ["http", "socks5h"] {
        emulator.clear_captured_requests();
        let (proxy, asked) = proxy::start(scheme == "http").await;
        let client = builder(&emulator)
            .proxy(format!("{scheme}://user:p%40ss@{proxy}"))
            .build()
            .unwrap();
        let response = client.get("/v1/user").send().await.unwrap();
        assert_eq!(response.version(), Version::HTTP_2);
        let asked = asked.await.unwrap();
        if scheme == "http" {
            assert!(asked.starts_with("CONNECT localhost:"), "{asked}");
            // user:p@ss
            assert!(asked.contains("Basic dXNlcjpwQHNz"), "{asked}");
        } else {
            assert_eq!(asked, "user p@ss localhost");
        }
        assert!(!asked.contains("cfc_"));
        assert!(
            emulator.captured_requests()[0]
                .headers()
                .get("proxy-authorization")
                .is_none()
        );
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named() {
    let emulator = Emulator::builder().start().await.unwrap();
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://user:hidden@{}", free.local_addr().unwrap());
    drop(free);
    let client = builder(&emulator).proxy(url).build().unwrap();
    let failed = client.post("/v1/user").send().await.unwrap_err();
    assert_eq!(
        failed.as_transport().unwrap().kind(),
        TransportErrorKind::Proxy
    );
    assert!(!format!("{failed:?} {failed:#} {client:?}").contains("hidden"));
}

#[tokio::test]
async fn a_body_that_lies_about_its_length_fails() {
    let emulator = Emulator::builder().start().await.unwrap();
    let client = builder(&emulator).build().unwrap();
    let short = Body::replayable(Some(10), || http_body_util::Full::new("four".into()));
    let failed = client
        .post("/v1/user")
        .body(short)
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        failed.as_transport().unwrap().kind(),
        TransportErrorKind::RequestBody
    );
    assert!(!failed.is_retryable());
}

// === support ===

fn builder(emulator: &Emulator) -> ClientBuilder {
    Client::builder()
        .token(emulator.tokens().create("test", None))
        .base_url(emulator.https_url())
        .root_certificate(emulator.ca_der())
        .no_proxy()
        .timeout(Duration::from_secs(30))
}

/// A proxy for one connection, which tells what it was asked.
mod proxy {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
    use tokio::net::TcpStream;
    use tokio::task::JoinHandle;

    pub(crate) async fn start(connect: bool) -> (SocketAddr, JoinHandle<String>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = tokio::spawn(async move {
            let (mut client, _) = listener.accept().await.unwrap();
            let (port, asked) = if connect {
                http(&mut client).await
            } else {
                socks(&mut client).await
            };
            let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
                .await
                .unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
            asked
        });
        (address, asked)
    }

    async fn http(client: &mut TcpStream) -> (u16, String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.unwrap());
        }
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let head = String::from_utf8(head).unwrap();
        let port = head.split([':', ' ']).nth(2).unwrap().parse().unwrap();
        (port, head)
    }

    /// RFC 1928, with the passwords of RFC 1929.
    async fn socks(client: &mut TcpStream) -> (u16, String) {
        let methods = take(client, 2).await[1];
        take(client, methods).await;
        client.write_all(&[5, 2]).await.unwrap();
        let n = take(client, 2).await[1];
        let user = text(client, n).await;
        let n = take(client, 1).await[0];
        let password = text(client, n).await;
        client.write_all(&[1, 0]).await.unwrap();
        let n = take(client, 5).await[4];
        let host = text(client, n).await;
        let port = client.read_u16().await.unwrap();
        client
            .write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
            .await
            .unwrap();
        (port, format!("{user} {password} {host}"))
    }

    async fn take(client: &mut TcpStream, n: u8) -> Vec<u8> {
        let mut bytes = vec![0; n.into()];
        client.read_exact(&mut bytes).await.unwrap();
        bytes
    }

    async fn text(client: &mut TcpStream, n: u8) -> String {
        String::from_utf8(take(client, n).await).unwrap()
    }
}
