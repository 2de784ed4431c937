//! The table that tells what may have been done, and what is sent again, is what happens on the
//! wire.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol::retry::RetryPolicy;
use comfycontrol::token::{SourceError, Token, TokenProvider, TokenSource};
use comfycontrol::transport::Transport;
use comfycontrol::{Client, ClientBuilder, Error};
use comfycontrol_emulator::{Emulator, Fault, FaultRule, Garbage, RetryAfter, Shape, Throttled};
use comfycontrol_test::{Unserved, within};
use futures_util::future::join_all;
use http::{Method, Request, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::raw::{self, Raw};
use crate::refusing;
use crate::support::{LIMIT, edge, transport};

const TABLE: &str = include_str!("../../src/guide/repeats.md");

#[tokio::test]
async fn every_row_of_the_table_of_repeats_holds() {
    within(LIMIT, async {
        let stage = Stage::start().await;
        let rows = join_all(rows().into_iter().enumerate().map(async |(n, row)| {
            let get = stage.measure(n, &row, Method::GET).await;
            let post = stage.measure(n, &row, Method::POST).await;
            (row, get, post)
        }))
        .await;
        assert!(rows.len() > 30);
        for (row, (said, get), (also_said, post)) in rows {
            assert_eq!(said, also_said, "{}", row.line);
            let expected = [row.kind, row.sent, row.applied];
            assert_eq!(said, expected, "{}", row.line);
            assert_eq!((get, post), (row.get, row.post), "{}", row.line);
            assert!(!row.advice.is_empty(), "{}", row.line);
        }
    })
    .await;
}

// === support ===

/// A row of the guide's table.
pub(crate) struct Row {
    pub(crate) line: &'static str,
    pub(crate) status: &'static str,
    pub(crate) response: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) sent: &'static str,
    pub(crate) applied: &'static str,
    pub(crate) get: usize,
    pub(crate) post: usize,
    pub(crate) advice: &'static str,
}

pub(crate) fn rows() -> Vec<Row> {
    let row = |line: &'static str| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let &[status, response, kind, sent, applied, get, post, advice] = cells.as_slice() else {
            panic!("not eight cells: {line}");
        };
        Row {
            line,
            status,
            response,
            kind,
            sent,
            applied,
            get: get.parse().unwrap(),
            post: post.parse().unwrap(),
            advice,
        }
    };
    TABLE.lines().skip(2).map(row).collect()
}

struct Stage {
    emulator: Emulator,
    stranger: Emulator,
    lost: Raw,
    cut: Raw,
    busy: Raw,
    nobody: Unserved,
    brittle: String,
}

impl Stage {
    async fn start() -> Self {
        let brittle = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let brittle_url = format!("https://{}", brittle.local_addr().unwrap());
        tokio::spawn(async move { while brittle.accept().await.is_ok() {} });
        Self {
            emulator: edge().await,
            stranger: edge().await,
            lost: Raw::start(|_| raw::response(530, TEXT, "error code: 1016\n")).await,
            cut: Raw::start(|_| {
                let whole = raw::response(200, JSON, r#"{"id":"one"}"#);
                whole[..whole.len() - 5].to_owned()
            })
            .await,
            busy: Raw::start(|_| raw::response(429, HOUR, "error code: 1015")).await,
            nobody: Unserved::new(),
            brittle: brittle_url,
        }
    }

    /// What the error says, and how often the request left after the first time.
    async fn measure(&self, n: usize, row: &Row, method: Method) -> ([String; 3], usize) {
        let path = format!("/row/{n}/{method}/");
        let url = match row.response {
            "`error code: 1016`" => self.lost.url().to_owned(),
            "a body that breaks off" => self.cut.url().to_owned(),
            "one that asks to wait for an hour" => self.busy.url().to_owned(),
            "the connection is refused" | REJECTED => self.nobody.url(),
            REFUSED => "https://refusing.invalid".to_owned(),
            "the connection breaks in the TLS handshake" => self.brittle.clone(),
            "a certificate that is not trusted" => self.stranger.https_url(),
            _ => {
                let rule = FaultRule::next(9, fault(row)).path(&path);
                self.emulator.faults().add(rule);
                self.emulator.https_url()
            }
        };
        let left = Arc::new(AtomicUsize::new(0));
        let tokens = match row.response {
            "the same, and the source has another token by now" => {
                TokenProvider::new(Ever::default())
            }
            _ => TokenProvider::from(Token::parse("cfc_repeats0repeats").unwrap()),
        };
        let mut client = self.client(row, url, tokens, left.clone());
        if row.response == SILENCE {
            // Over a connection that is made already, so the timeout does not end its making.
            client = client.attempt_timeout(Duration::from_millis(500));
        }
        let client = client.build().unwrap();
        if row.response == SILENCE {
            ask(&client, Method::GET, "/warm").await;
            left.store(0, Ordering::Relaxed);
        }
        let error = ask(&client, method, &path).await;
        let left = left.load(Ordering::Relaxed);

        let arrived = match row.response {
            // Nothing arrives anywhere.
            REFUSED
            | REJECTED
            | "the connection is refused"
            | "the connection breaks in the TLS handshake"
            | "a certificate that is not trusted" => left,
            "`error code: 1016`" => self.lost.heads_with(&path),
            "a body that breaks off" => self.cut.heads_with(&path),
            "one that asks to wait for an hour" => self.busy.heads_with(&path),
            _ => {
                let seen = self.emulator.captured_requests();
                seen.iter().filter(|seen| seen.uri().path() == path).count()
            }
        };
        assert_eq!(left, arrived, "{}", row.line);
        let kind = match error.as_api() {
            Some(api) => {
                assert_eq!(api.status().as_str(), row.status, "{}", row.line);
                format!("`{:?}`", api.kind())
            }
            None => {
                let status = error
                    .status()
                    .map_or("none".to_owned(), |s| s.as_str().into());
                assert_eq!(status, row.status, "{}", row.line);
                format!("`ErrorKind::{:?}`", error.kind())
            }
        };
        let [sent, applied] = [
            format!("`{:?}`", error.sent()),
            format!("`{:?}`", error.applied()),
        ];
        ([kind, sent, applied], arrived.saturating_sub(1))
    }

    /// A client with a policy, a limiter and connections of its own, whose cooldowns are short.
    fn client(
        &self,
        row: &Row,
        url: String,
        tokens: TokenProvider,
        left: Arc<AtomicUsize>,
    ) -> ClientBuilder {
        let moment = Duration::from_millis(5);
        let mut limiter = Limiter::builder(Quota::new(100, moment).unwrap())
            .cooldown(moment)
            .cooldown_margin(Duration::ZERO)
            .max_cooldown(moment);
        if row.response == REJECTED {
            limiter = limiter.max_wait(moment);
        }
        let limiter = limiter.build();
        if row.response == REJECTED {
            limiter.pause_for(LIMIT);
        }
        let transport = match row.response {
            REFUSED => refusing::transport(),
            _ => transport(&[&self.emulator]),
        };
        let counted = transport.map_request(move |request: Request<_>| {
            left.fetch_add(1, Ordering::Relaxed);
            request
        });
        Client::builder()
            .base_url(url)
            .token_provider(tokens)
            .rate_limit(limiter)
            .retry(RetryPolicy::new())
            .transport(Transport::from_service(counted))
    }
}

async fn ask(client: &Client, method: Method, path: &str) -> Error {
    match client.request(method, path).send().await {
        Ok(response) => response
            .with_max_body(100_000)
            .json::<Value>()
            .await
            .unwrap_err(),
        Err(error) => error,
    }
}

/// What the emulator is to do to the requests of a row.
fn fault(row: &Row) -> Fault {
    let status = || StatusCode::from_bytes(row.status.as_bytes()).unwrap();
    let api = |message: &str| Shape::Api(status(), message.to_owned());
    Fault::Respond(match (row.status, row.response) {
        (_, "the connection breaks before the response") => return Fault::Reset,
        (_, SILENCE) => return Fault::Delay(Duration::from_secs(60)),
        ("200", "a page in place of JSON") => Shape::Garbage(Garbage::PageWithSuccess),
        ("200", "more than the caller allows") => api(&"x".repeat(200_000)),
        ("401", _) => api("Invalid token"),
        ("403", "the API's JSON naming the tier") => api("Runner limit exceeded for your tier"),
        ("403", "the edge's challenge") => Shape::Challenge,
        ("403", "the edge's rule 1020") => Shape::WafBlock,
        ("413", "the edge's page") => Shape::PayloadTooLarge,
        ("414", "the edge's page") => Shape::UriTooLong,
        ("429", "the edge's 1015 as a problem") => {
            Shape::Throttled(Throttled::problem().retry_after(RetryAfter::Seconds))
        }
        ("429", "the edge's 1015 as text") => Shape::Throttled(Throttled::text()),
        ("429", "the edge's 1015 as a page") => Shape::Throttled(Throttled::page()),
        ("431", "the edge's page") => Shape::HeadersTooLarge,
        ("502", "`error code: 502`") => Shape::BadGateway,
        ("502", "the edge's page") => Shape::BadGatewayPage,
        ("503", "the edge's page") => Shape::Unavailable,
        ("504", "`error code: 504`") => Shape::GatewayTimeout,
        (_, "the edge's problem") => Shape::Structured(status()),
        (_, "the API's JSON") => api("in the API's words"),
        _ => panic!("no such response is known: {}", row.line),
    })
}

impl Raw {
    fn heads_with(&self, path: &str) -> usize {
        let heads = self.heads();
        heads.iter().filter(|head| head.contains(path)).count()
    }
}

const REFUSED: &str = "the server refuses the stream";
const REJECTED: &str = "the limiter rejects the call";
const SILENCE: &str = "no response within the attempt's timeout";
const HOUR: &[(&str, &str)] = &[("retry-after", "3600")];
const TEXT: &[(&str, &str)] = &[("content-type", "text/plain; charset=UTF-8")];
const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// Has another token each time it is asked.
#[derive(Default)]
struct Ever(AtomicUsize);

impl TokenSource for Ever {
    fn read(&self) -> Result<Token, SourceError> {
        let n = self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Token::parse(format!("cfc_repeats{n}")).unwrap())
    }
}
