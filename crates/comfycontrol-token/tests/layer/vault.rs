use std::borrow::Cow;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use comfycontrol_token::{AsyncTokenSource, SourceError, TokenFuture, TokenProvider};
use tokio::time;

use crate::results::Results;
use crate::support::token;

/// An asynchronous source that gives one result after the other, and the last again and again.
pub(crate) struct Vault(VaultScript);

/// The same, and says nothing of its interval.
pub(crate) struct Silent(pub(crate) Vault);

#[derive(Clone)]
pub(crate) struct VaultScript(Arc<Inner>);

struct Inner {
    results: Results,
    begun: AtomicUsize,
}

pub(crate) fn vault<const N: usize>(results: [&'static str; N]) -> (TokenProvider, VaultScript) {
    let (vault, script) = Vault::new(results);
    (TokenProvider::from_async(vault), script)
}

impl Vault {
    pub(crate) fn new<const N: usize>(results: [&'static str; N]) -> (Self, VaultScript) {
        let script = VaultScript(Arc::new(Inner {
            results: Results::new(results),
            begun: AtomicUsize::new(0),
        }));
        (Self(script.clone()), script)
    }
}

impl VaultScript {
    pub(crate) fn reads(&self) -> usize {
        self.0.begun.load(SeqCst)
    }
}

impl AsyncTokenSource for Vault {
    fn read(&self) -> TokenFuture<'_> {
        self.0.0.begun.fetch_add(1, SeqCst);
        let result = self.0.0.results.next();
        assert_ne!(result, "panic at once", "on purpose");
        Box::pin(async move {
            time::sleep(READING).await;
            match result {
                "" => Err(SourceError::other("vault", "sealed")),
                "never" => pending().await,
                "panic" => panic!("on purpose"),
                random => Ok(token(random)),
            }
        })
    }

    fn name(&self) -> Cow<'_, str> {
        "vault".into()
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(1)
    }
}

impl AsyncTokenSource for Silent {
    fn read(&self) -> TokenFuture<'_> {
        self.0.read()
    }
}

/// How long a reading takes.
pub(crate) const READING: Duration = Duration::from_millis(10);
