use std::fs;
use std::net::TcpListener;

use comfycontrol::Client;
use comfycontrol_emulator::Emulator;
use comfycontrol_gateway::{CallerKeys, Gateway, Listener, Server, Tls, hash_caller_key};
use tokio::sync::oneshot;

const KEY: &str = "cfc_3fCq8rVJmXw0ZL5nTbY7aKdE1uHs9gPo";

#[tokio::test]
async fn a_call_over_the_gateways_own_tls_comes_whole_and_its_key_stops() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    fs::write(path("cert.pem"), made.cert.pem()).unwrap();
    fs::write(path("key.pem"), made.signing_key.serialize_pem()).unwrap();
    fs::write(path("keys"), format!("ann {}\n", hash_caller_key(KEY))).unwrap();

    let emulator = Emulator::builder().limit(None).start().await.unwrap();
    let token = emulator.tokens().create("gateway", None);
    let client = Client::builder()
        .base_url(emulator.https_url())
        .root_certificate(emulator.ca_der())
        .token(&token);
    let gateway = Gateway::builder(client)
        .caller_keys(CallerKeys::from_file(path("keys")).unwrap())
        .build()
        .unwrap();
    let bound = Listener::tcp("127.0.0.1:0".parse().unwrap())
        .tls(Tls::from_files(path("cert.pem"), path("key.pem")).unwrap())
        .bind(&gateway)
        .unwrap();
    let port = bound.place().rsplit_once(':').unwrap().1.to_owned();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(Server::new(gateway).run(bound, async { _ = stopped.await }));

    let caller = Client::builder()
        .base_url(format!("https://localhost:{port}"))
        .root_certificate(made.cert.der().to_vec())
        .token(KEY)
        .build()
        .unwrap();
    let response = caller.get("/v1/user").send().await.unwrap();
    assert_eq!(response.status(), 200);
    drop((response, caller));
    let sent = &emulator.captured_requests()[0];
    let shown = sent.headers()["authorization"].to_str().unwrap();
    assert_eq!(shown, format!("Bearer {token}"));
    stop.send(()).unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_an_address_or_a_file_names_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let gateway = Gateway::new(Client::builder().token("cfc_FAKE0token")).unwrap();
    let error = Listener::tcp(address).bind(&gateway).unwrap_err();
    let said = format!("cannot listen: {address}: ");
    assert!(error.to_string().starts_with(&said), "{error}");
    #[cfg(unix)]
    {
        let error = Listener::unix("/nowhere/at/all")
            .bind(&gateway)
            .unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all: "), "{error}");
    }

    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let make = || rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    fs::write(path("cert.pem"), make().cert.pem()).unwrap();
    fs::write(path("other.pem"), make().signing_key.serialize_pem()).unwrap();
    fs::write(path("empty.pem"), "").unwrap();
    for (certificate, key, named) in [
        ("missing.pem", "other.pem", "missing.pem"),
        ("empty.pem", "other.pem", "empty.pem"),
        ("cert.pem", "missing.pem", "missing.pem"),
        ("cert.pem", "empty.pem", "empty.pem"),
        ("cert.pem", "other.pem", "other.pem"),
    ] {
        let error = Tls::from_files(path(certificate), path(key)).unwrap_err();
        let named = path(named).display().to_string();
        assert!(error.to_string().contains(&named), "{error}");
    }
}
