//! The page over a load that needs looking at: three callers share a quota, and every half a minute
//! their token is replaced, and another program at the same address uses the quota up, so that the
//! server throttles all of them.
//!
//! Open the address that it prints. It ends by itself after two minutes, or after as many seconds
//! as its first argument says; the second one is the address where it listens.

use std::time::{Duration, SystemTime};

use axum::Router;
use comfycontrol_dashboard::{Dashboard, Recorder};
use comfycontrol_emulator::{Body, Emulator, Transit};
use comfycontrol_priority::{Priority, PriorityLimiter, Urgency};
use comfycontrol_rate_limit::{Limiter, Quota};
use comfycontrol_token::{AddTokenLayer, Origin, Token, TokenHandle, TokenProvider};
use http::Request;
use tokio::net::TcpListener;
use tokio::time::{interval, sleep, timeout};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt};

const API: &str = "https://api.comfycontrol.app";

/// Who calls, how urgently, and how often.
const CALLERS: [(&str, Urgency, Duration); 3] = [
    (
        "nightly renders",
        Urgency::BACKGROUND,
        Duration::from_millis(400),
    ),
    ("web shop", Urgency::DEFAULT, Duration::from_millis(700)),
    (
        "Ada <ada@example.com>",
        Urgency::INTERACTIVE,
        Duration::from_millis(2_300),
    ),
];

#[expect(
    clippy::disallowed_methods,
    reason = "the end of a token is by the calendar"
)]
fn token(text: &str, lasts: Duration) -> Result<Token, BoxError> {
    Ok(Token::parse(text)?.with_expiry(SystemTime::now() + lasts))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(Ok(120), |it| it.parse())?;
    let address = arguments.next().unwrap_or("127.0.0.1:0".into());
    let half = Duration::from_millis(400);
    let server = Emulator::builder()
        .service()
        .transit(Transit::fixed(half, half));
    let issued = server.tokens().create("number 1", None);
    let handle = TokenHandle::new(token(&issued, Duration::from_secs(40 * 60))?);
    let provider = TokenProvider::from(handle.clone());

    let limiter = PriorityLimiter::new(Limiter::new(Quota::COMFYCONTROL));
    let recorder = Recorder::new();
    let api = ServiceBuilder::new()
        .layer(recorder.layer())
        .layer(limiter.layer())
        .layer(AddTokenLayer::new(Origin::parse(API)?, provider.clone()))
        .service(server.clone());

    for (name, urgency, every) in CALLERS {
        let api = api.clone();
        tokio::spawn(async move {
            let mut ticks = interval(every);
            loop {
                ticks.tick().await;
                tokio::spawn(
                    api.clone()
                        .oneshot(call(Priority::new(urgency).with_key(name))),
                );
            }
        });
    }
    // Some that come at once, so that there is a queue from the start.
    for _ in 0..25 {
        let priority = Priority::new(Urgency::BACKGROUND).with_key(CALLERS[0].0);
        tokio::spawn(api.clone().oneshot(call(priority)));
    }

    let mut neighbour = server.clone();
    tokio::spawn(async move {
        for number in 2.. {
            sleep(Duration::from_secs(6)).await;
            let issued = neighbour.tokens().create(&format!("number {number}"), None);
            handle.rotate(token(&issued, Duration::from_secs(30 * 24 * 60 * 60))?);
            sleep(Duration::from_secs(8)).await;
            for _ in 0..40 {
                drop(neighbour.call(call(Priority::default())));
            }
            sleep(Duration::from_secs(16)).await;
        }
        Ok::<_, BoxError>(())
    });

    let dashboard = Dashboard::builder()
        .priority(limiter)
        .token(provider)
        .recorder(&recorder)
        .build();
    let app = Router::new().nest_service("/_/", dashboard.clone());
    let listener = TcpListener::bind(address).await?;
    println!("http://{}/_/", listener.local_addr()?);
    let end = async move {
        sleep(Duration::from_secs(seconds)).await;
        dashboard.stop();
    };
    let serving = axum::serve(listener, app).with_graceful_shutdown(end);
    // Idle connections of a browser are not waited for.
    let at_most = Duration::from_secs(seconds + 5);
    timeout(at_most, serving.into_future())
        .await
        .unwrap_or(Ok(()))?;
    Ok(())
}

fn call(priority: Priority) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = http::Uri::from_static("https://api.comfycontrol.app/v1/user");
    request.extensions_mut().insert(priority);
    request
}
