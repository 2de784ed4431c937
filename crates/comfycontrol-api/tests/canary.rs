//! A token that must be seen nowhere: not in a line of TRACE, not in an error, not in a `Debug`.

#[path = "support/emulated.rs"]
mod emulated;

use std::fmt::Debug;
use std::time::Duration;

use comfycontrol::rate_limit::Quota;
use comfycontrol::retry::RetryPolicy;
use comfycontrol::token::{Token, TokenHandle};
use comfycontrol::{Body, Client, Error, Multipart, Part, Timeouts};
use comfycontrol_api::{Api, Events, NewRunner, NewWorkflow};
use comfycontrol_emulator::{Echo, Emulator, Fault, FaultRule, Garbage, Shape};
use comfycontrol_test::{Log, Unserved, chain};
use serde_json::Value;

const CANARY: &str = "cfc_canary0canary0canary0canary";

#[tokio::test]
async fn the_token_is_seen_nowhere() {
    let log = Log::default();
    log.capture_all();

    let emulator = Emulator::builder().limit(None).start().await.unwrap();
    let builder = || {
        let quota = Quota::new(1_000, Duration::from_secs(10)).unwrap();
        emulated::builder(&emulator, CANARY).rate_limit(quota)
    };
    let client = builder().build().unwrap();
    let api = Api::new(client.clone());
    let mut shown = Shown::default();

    // What a user may print.
    let token = Token::parse(CANARY).unwrap();
    shown.debug(&token);
    shown.debug(token.header());
    shown.debug(token.fingerprint());
    shown.debug(TokenHandle::new(token));
    shown.debug(builder());
    shown.debug(builder().layers().unwrap());
    shown.debug(&client);
    shown.debug(api.downloader());
    shown.debug(client.limiter());
    shown.debug(client.get("/v1/user"));
    shown.debug(api.paginate("/v1/runner", "runners"));
    shown.debug(api.subscribe("id"));
    shown.debug(client.get("/v1/user").build().unwrap());
    shown.debug(Body::from(CANARY));
    shown.debug(Multipart::new().part("a", Part::bytes(CANARY)));
    shown.debug(Timeouts::call());
    shown.debug(RetryPolicy::new());
    let response = client.get("/v1/user").send().await.unwrap();
    shown.debug(&response);
    shown.debug(response.into_http());

    // A runner holds secrets of its own, and any text may quote one.
    let new = NewRunner::new(CANARY, format!("https://{CANARY}@a.example/x?key={CANARY}"))
        .tag(CANARY)
        .header("Authorization", CANARY);
    shown.debug(&new);
    shown.result(api.runners().create(&new).await);
    shown.result(api.runners().list().page(1).await);
    let new = NewWorkflow::new(CANARY, "{}").text(CANARY, CANARY);
    shown.debug(&new);
    shown.result(api.workflows().create(new.tag(CANARY)).await);
    shown.result(api.runners().create(&NewRunner::new("", CANARY)).await);

    // Every error there is. The token in the shapes is the server echoing what it was sent.
    let faults = emulator.faults();
    let echo = format!("your header was Bearer {CANARY}");
    for shape in [Shape::Api(http::StatusCode::BAD_REQUEST, echo)]
        .into_iter()
        .chain(Echo::ALL.map(Shape::Echo))
        .chain(Shape::all())
    {
        if !matches!(
            shape,
            Shape::Throttled(_) | Shape::Garbage(Garbage::SlowDrip)
        ) {
            faults.add(FaultRule::next(1, Fault::Respond(shape)));
            shown.result(client.post("/v1/user").send().await);
            faults.clear();
        }
    }
    for fault in [Fault::Reset, Fault::ResetInBody, Fault::Stall] {
        faults.add(FaultRule::next(1, fault));
        let call = client
            .post("/v1/user")
            .timeout(Duration::from_millis(200))
            .send()
            .await;
        match call {
            Ok(response) => shown.result(response.bytes().await),
            Err(e) => shown.error(e),
        }
        faults.clear();
    }
    shown.result(
        Client::builder()
            .token(format!("{CANARY} {CANARY}"))
            .build(),
    );
    shown.result(
        builder()
            .base_url(format!("https://{CANARY}@api.comfycontrol.app"))
            .build(),
    );
    shown.result(
        builder()
            .base_url(format!("https://api.comfycontrol.app?token={CANARY}"))
            .build(),
    );
    shown.result(
        client
            .get(format!("https://evil.example/?token={CANARY}"))
            .send()
            .await,
    );
    shown.result(
        client
            .get(format!("https://{CANARY}@{}/", emulator.https_url()))
            .send()
            .await,
    );
    shown.result(
        client
            .get("/v1/user")
            .header("host", "evil.example")
            .send()
            .await,
    );
    shown.result(
        client
            .get("/v1/user")
            .header("bad header", CANARY)
            .send()
            .await,
    );
    shown.result(
        client
            .get("/v1/user")
            .header("x", format!("{CANARY}\n"))
            .send()
            .await,
    );
    shown.result(
        client
            .get("/v1/nothing")
            .query("token", CANARY)
            .send()
            .await,
    );
    let storage = format!("{}/outputs/x?signature={CANARY}", emulator.storage_url());
    shown.result(api.downloader().get(storage).send().await);
    let body = client
        .get("/v1/user")
        .send()
        .await
        .unwrap()
        .json::<Vec<Value>>()
        .await;
    shown.result(body);
    shown.result(
        client
            .get("/v1/user")
            .send()
            .await
            .unwrap()
            .with_max_body(1)
            .bytes()
            .await,
    );
    shown.result(Events::open(client.get("/v1/user")).await.map(|_| ()));
    shown.result(client.get("/v1/user").timeout(Duration::ZERO).send().await);
    let unserved = Unserved::new();
    let nobody = builder()
        .base_url(unserved.url())
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    shown.result(nobody.get("/v1/user").send().await);
    let strange = Emulator::builder().start().await.unwrap();
    let strange = builder()
        .base_url(strange.https_url())
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    shown.result(strange.get("/v1/user").send().await);

    assert!(shown.errors >= 25, "{} errors", shown.errors);
    assert_absent(&shown.text);
    let log = log.text();
    for speaker in ["comfycontrol", "hyper_util", "h2::", "rustls"] {
        assert!(log.contains(speaker), "nothing heard of {speaker}");
    }
    assert_absent(&log);
}

#[test]
fn the_check_can_fail() {
    let log = Log::default();
    let guard = log.capture();
    tracing::info!("sent {CANARY}");
    drop(guard);
    assert!(std::panic::catch_unwind(|| assert_absent(&log.text())).is_err());
    let mut shown = Shown::default();
    shown.debug(format!("sent {CANARY}"));
    assert!(std::panic::catch_unwind(|| assert_absent(&shown.text)).is_err());
}

// === support ===

/// Half of the token is too much already.
fn assert_absent(text: &str) {
    let secret = &CANARY[4..];
    for half in [&secret[..secret.len() / 2], &secret[secret.len() / 2..]] {
        if let Some(at) = text.find(half) {
            let line = text[..at].rfind('\n').map_or(0, |at| at + 1);
            panic!(
                "the token was shown: {}",
                &text[line..(at + half.len()).min(text.len())]
            );
        }
    }
}

#[derive(Default)]
struct Shown {
    text: String,
    errors: usize,
}

impl Shown {
    fn debug(&mut self, value: impl Debug) {
        self.text += &format!("{value:?}\n{value:#?}\n");
    }

    fn result<T: Debug>(&mut self, result: Result<T, Error>) {
        match result {
            Ok(value) => self.debug(value),
            Err(e) => self.error(e),
        }
    }

    fn error(&mut self, error: Error) {
        self.errors += 1;
        self.text += &format!("{error}\n{error:#}\n{}\n", error.report());
        self.debug(&error);
        for cause in chain(&error).skip(1) {
            self.text += &format!("{cause}\n{cause:?}\n");
        }
    }
}
