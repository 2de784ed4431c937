//! Health and readiness.

use std::fs;
use std::time::{Duration, SystemTime};

use comfycontrol_dashboard::Dashboard;
use comfycontrol_rate_limit::{
    Limiter, Member, MemoryStore, Quota, Reading, Record, Replaced, Store, Unavailable, Version,
};
use comfycontrol_token::{Token, TokenProvider, file};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::{get, json, text};

async fn readiness(dashboard: &Dashboard) -> (StatusCode, Value) {
    let response = get(dashboard, "/_/ready").await;
    let status = response.status();
    (status, serde_json::from_str(&text(response).await).unwrap())
}

fn not_ready(reason: &str) -> (StatusCode, Value) {
    let value = json!({ "ready": false, "reasons": [reason] });
    (StatusCode::SERVICE_UNAVAILABLE, value)
}

fn ready() -> (StatusCode, Value) {
    (StatusCode::OK, json!({ "ready": true, "reasons": [] }))
}

#[tokio::test]
async fn it_is_healthy_and_ready_until_it_stops() {
    let dashboard = Dashboard::builder().build();
    assert_eq!(readiness(&dashboard).await, ready());
    dashboard.stop();
    assert_eq!(readiness(&dashboard).await, not_ready("stopping"));
    assert_eq!(
        json(&dashboard, "/_/health").await,
        json!({ "status": "ok" })
    );
    assert_eq!(get(&dashboard, "/_/health").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn it_is_not_ready_with_an_expired_token() {
    let token = Token::parse("cfc_secret123").unwrap();
    let past = SystemTime::UNIX_EPOCH + Duration::from_secs(60);
    let provider = TokenProvider::from(token.with_expiry(past));
    let dashboard = Dashboard::builder().token(provider).build();
    assert_eq!(
        readiness(&dashboard).await,
        not_ready("the token has expired")
    );
}

#[tokio::test]
async fn it_gets_ready_by_itself_when_its_token_comes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let provider = TokenProvider::from(file(&path));
    let dashboard = Dashboard::builder().token(provider).build();
    assert_eq!(
        readiness(&dashboard).await,
        not_ready("the token is missing")
    );

    fs::write(&path, "cfc_secret123").unwrap();
    // No call comes to have the file read.
    for _ in 0..600 {
        if readiness(&dashboard).await == ready() {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("the token was not read");
}

/// Never answers.
struct Away;

impl Store for Away {
    async fn gone(&self, _: Vec<Member>) -> Result<Vec<Member>, Unavailable> {
        Err(Unavailable::new("away"))
    }

    async fn join(&self, _: Member) -> Result<(), Unavailable> {
        Err(Unavailable::new("away"))
    }

    async fn read(&self) -> Result<Reading, Unavailable> {
        Err(Unavailable::new("away"))
    }

    async fn replace(
        &self,
        _: Option<Version>,
        _: Record,
        _: Duration,
    ) -> Result<Replaced, Unavailable> {
        Err(Unavailable::new("away"))
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_not_ready_while_the_store_of_a_shared_budget_is_away() {
    let builder = || Limiter::builder(Quota::COMFYCONTROL);
    let (limiter, keeper) = builder().build_shared(MemoryStore::new());
    let dashboard = Dashboard::builder().limiter(limiter.clone()).build();
    let keeper = tokio::spawn(keeper);
    drop(limiter.acquire().await.unwrap());
    assert_eq!(readiness(&dashboard).await, ready());
    keeper.abort();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(
        readiness(&dashboard).await,
        not_ready("nothing keeps the shared budget")
    );

    let (limiter, keeper) = builder().build_shared(Away);
    let dashboard = Dashboard::builder().limiter(limiter.clone()).build();
    tokio::spawn(keeper);
    tokio::spawn(limiter.acquire());
    sleep(Duration::from_millis(1)).await;
    let reason = "the store of the shared budget does not answer";
    assert_eq!(readiness(&dashboard).await, not_ready(reason));
}
