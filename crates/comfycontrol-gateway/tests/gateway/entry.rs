use std::fs;
use std::sync::{Arc, Mutex};

use comfycontrol::Client;
use comfycontrol_emulator::Emulator;
use comfycontrol_gateway::{
    CallerKeys, Gateway, GatewayBuilder, ListenError, Listener, Server, Tls, hash_caller_key,
};
use http::HeaderName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::oneshot;

use crate::support::Emulated;

const KEY: &str = "cck_3fCq8rVJmXw0ZL5nTbY7aKdE1uHs9gPo";

fn keys(directory: &tempfile::TempDir) -> CallerKeys {
    let path = directory.path().join("keys");
    fs::write(&path, format!("ann {}\n", hash_caller_key(KEY))).unwrap();
    CallerKeys::from_file(path).unwrap()
}

#[tokio::test]
async fn only_who_shows_a_key_is_let_in_and_the_key_goes_no_further() {
    let directory = tempfile::tempdir().unwrap();
    let callers = Arc::new(Mutex::new(Vec::new()));
    let seen = callers.clone();
    let house = Emulated::of(Emulator::builder().limit(None), |gateway| {
        gateway
            .caller_keys(keys(&directory))
            .on_finished(move |call| {
                seen.lock()
                    .unwrap()
                    .push(call.caller().map(ToString::to_string));
            })
    })
    .await;
    // Its own name is not believed.
    let stranger = house.running.get("/v1/user", "x-caller: ann\r\n").await;
    assert!(stranger.starts_with("HTTP/1.1 401"), "{stranger}");
    assert!(
        stranger.contains("www-authenticate: Bearer realm="),
        "{stranger}"
    );
    let page = house.running.get("/_/metrics", "").await;
    assert!(page.starts_with("HTTP/1.1 401"), "{page}");
    assert_eq!(house.emulator.edge().requests(), 0);
    // Only for a page is a browser to ask its user.
    let asks = |response: &str| response.contains("www-authenticate: Basic realm=");
    assert_eq!((asks(&stranger), asks(&page)), (false, true));

    let fields = format!("authorization: Bearer {KEY}\r\nx-caller: bob\r\n");
    let response = house.running.get("/v1/user", &fields).await;
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    let sent = &house.emulator.captured_requests()[0];
    assert!(!format!("{:?}", sent.headers()).contains(KEY));
    let callers = callers.lock().unwrap().clone();
    assert_eq!(callers, [None, None, Some("ann".to_owned())]);
}

#[tokio::test]
async fn an_address_that_others_can_reach_wants_keys_and_tls() {
    let directory = tempfile::tempdir().unwrap();
    let client = || Client::builder().token("cfc_FAKE0token");
    let open = Gateway::new(client()).unwrap();
    let keyed = Gateway::builder(client())
        .caller_keys(keys(&directory))
        .build()
        .unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["gateway.internal".to_owned()]).unwrap();
    let (certificate, key) = (
        directory.path().join("cert.pem"),
        directory.path().join("key.pem"),
    );
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let tls = Tls::from_files(&certificate, &key).unwrap();
    assert!(Tls::from_files(&key, &certificate).is_err());

    let everywhere = || Listener::tcp("0.0.0.0:0".parse().unwrap());
    for refused in [
        everywhere().bind(&open),
        everywhere().bind(&keyed),
        everywhere().tls(tls.clone()).bind(&open),
    ] {
        assert!(matches!(refused, Err(ListenError::Open(_))));
    }
    // On loopback, where a test may listen.
    let bound = Listener::tcp("127.0.0.1:0".parse().unwrap())
        .tls(tls)
        .bind(&keyed)
        .unwrap();
    let url = format!(
        "https://{}",
        bound.place().replace("127.0.0.1", "localhost")
    );
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(Server::new(keyed).run(bound, async { _ = stopped.await }));
    let caller = Client::builder()
        .base_url(url)
        .token("cfc_FAKE0wrong0key")
        .build()
        .unwrap();
    // Of no authority that the caller knows.
    let error = caller.get("/v1/user").send().await.unwrap_err();
    assert!(
        error
            .report()
            .to_string()
            .to_lowercase()
            .contains("certificate"),
        "{error:?}"
    );
    stop.send(()).unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn over_a_unix_socket_a_caller_is_its_user() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("gateway.sock");
    // One that was left behind.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let emulator = Emulator::builder().limit(None).start().await.unwrap();
    let client = Client::builder()
        .base_url(emulator.http_url())
        .token(emulator.tokens().create("gateway", None));
    let names = Arc::new(Mutex::new(Vec::new()));
    let seen = names.clone();
    let gateway = Gateway::builder(client)
        .on_finished(move |call| {
            seen.lock()
                .unwrap()
                .push(call.caller().map(ToString::to_string));
        })
        .build()
        .unwrap();
    let bound = Listener::unix(&path).bind(&gateway).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert!(
        Listener::unix(&path).bind(&gateway).is_err(),
        "somebody listens there"
    );

    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(Server::new(gateway).run(bound, async { _ = stopped.await }));
    let mut stream = UnixStream::connect(&path).await.unwrap();
    let call = "GET /v1/user HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(call.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    stop.send(()).unwrap();
    assert_eq!(server.await.unwrap(), 0);
    assert!(!path.exists());
    let name = names.lock().unwrap()[0].clone().unwrap();
    assert!(name.starts_with("user "), "{name}");
}

#[tokio::test]
async fn a_page_of_another_site_spends_nothing() {
    let house = Emulated::of(Emulator::builder().limit(None), |gateway| gateway).await;
    for said in [
        "origin: https://evil.example\r\nsec-fetch-site: cross-site\r\n",
        "origin: https://evil.example\r\n",
        "sec-fetch-site: same-site\r\n",
    ] {
        let response = house.running.get("/v1/user", said).await;
        assert!(response.starts_with("HTTP/1.1 403"), "{response}");
    }
    assert_eq!(house.emulator.edge().requests(), 0);
    let own = "origin: http://localhost\r\nsec-fetch-site: same-origin\r\n";
    let response = house.running.get("/v1/user", own).await;
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_taken_for_the_hosts_that_were_set() {
    let set: [fn(GatewayBuilder) -> GatewayBuilder; 3] = [
        |gateway| gateway,
        |gateway| gateway.host("Gateway.internal"),
        GatewayBuilder::any_host,
    ];
    for (set, taken) in set.into_iter().zip([0, 1, 2]) {
        let house = Emulated::of(Emulator::builder().limit(None), set).await;
        for (nth, host) in ["gateway.internal:80", "evil.example"].iter().enumerate() {
            let call =
                format!("GET /v1/user HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
            let response = house.running.say(call).await;
            let status = if nth < taken { "200" } else { "421" };
            let expected = format!("HTTP/1.1 {status}");
            assert!(response.starts_with(&expected), "{host}: {response}");
        }
        assert_eq!(house.emulator.edge().requests(), taken as u64);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_are_told_apart_by_the_header_that_was_set_which_goes_no_further() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = calls.clone();
    let house = Emulated::of(Emulator::builder().limit(None), |gateway| {
        let gateway = gateway.caller_header(HeaderName::from_static("x-user"));
        gateway.on_finished(move |call| seen.lock().unwrap().push(call.clone()))
    })
    .await;
    let fields = "x-user: ann\r\nx-caller: bob\r\n";
    house.running.get("/v1/user", fields).await;
    house.running.get("/v1/user", "x-caller: bob\r\n").await;
    house
        .running
        .say("HEAD /v1/user HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await;
    let calls = calls.lock().unwrap().clone();
    let calls = calls.iter();
    let told = calls.map(|call| (call.method().as_str(), call.caller().unwrap().as_str()));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [("GET", "ann"), ("GET", "127.0.0.1"), ("HEAD", "127.0.0.1")]
    );
    for sent in house.emulator.captured_requests() {
        assert!(!sent.headers().contains_key("x-user"));
    }
}
