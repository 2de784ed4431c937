use std::collections::HashSet;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comfycontrol_test::{SECOND, within};
use comfycontrol_token::{AddTokenLayer, ResendReplaced, TokenProvider, file};
use http::header::AUTHORIZATION;
use http::{Response, StatusCode};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tower::retry::RetryLayer;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt};

use crate::support::{Req, Res, get, origin};

/// A server that knows which tokens are valid.
#[derive(Clone, Default)]
pub(crate) struct Server(Arc<Inner>);

#[derive(Default)]
struct Inner {
    revoked: Mutex<HashSet<String>>,
    unauthorized: AtomicUsize,
}

impl Server {
    pub(crate) fn revoke(&self, n: usize) {
        self.0
            .revoked
            .lock()
            .unwrap()
            .insert(format!("Bearer cfc_token{n}"));
    }

    pub(crate) fn unauthorized(&self) -> usize {
        self.0.unauthorized.load(SeqCst)
    }

    fn respond(&self, request: &Req) -> Res {
        let token = request.headers()[AUTHORIZATION].to_str().unwrap();
        let number = token
            .strip_prefix("Bearer cfc_token")
            .and_then(|n| n.parse::<usize>().ok());
        let good = number.is_some() && !self.0.revoked.lock().unwrap().contains(token);
        let mut response = Response::new("");
        if !good {
            self.0.unauthorized.fetch_add(1, SeqCst);
            *response.status_mut() = StatusCode::UNAUTHORIZED;
        }
        response
    }
}

pub(crate) struct Stage {
    _dir: TempDir,
    pub(crate) path: PathBuf,
    pub(crate) provider: TokenProvider,
    pub(crate) server: Server,
}

impl Stage {
    pub(crate) fn new() -> &'static Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        fs::write(&path, "cfc_token0\n").unwrap();
        Self::at(dir, file(&path).into())
    }

    pub(crate) fn with(provider: TokenProvider) -> &'static Self {
        Self::at(tempfile::tempdir().unwrap(), provider)
    }

    fn at(dir: TempDir, provider: TokenProvider) -> &'static Self {
        let path = dir.path().join("token");
        let server = Server::default();
        // Leaked, so that tasks and closures may borrow it.
        Box::leak(Box::new(Self {
            _dir: dir,
            path,
            provider,
            server,
        }))
    }

    pub(crate) fn service_without_retry(
        &self,
    ) -> impl Service<Req, Response = Res, Error = BoxError, Future: Send> + Clone + Send + use<>
    {
        let server = self.server.clone();
        ServiceBuilder::new()
            .layer(AddTokenLayer::new(origin(), self.provider.clone()))
            .service_fn(move |request: Req| {
                let server = server.clone();
                async move {
                    sleep(Duration::from_millis(5)).await;
                    let response = server.respond(&request);
                    sleep(Duration::from_millis(5)).await;
                    Ok::<_, BoxError>(response)
                }
            })
    }

    pub(crate) fn service(
        &self,
    ) -> impl Service<Req, Response = Res, Error = BoxError, Future: Send> + Clone + Send + use<>
    {
        ServiceBuilder::new()
            .layer(RetryLayer::new(ResendReplaced::default()))
            .service(self.service_without_retry())
    }

    pub(crate) async fn ask(&self) {
        let response = within(60 * SECOND, self.service().oneshot(get())).await;
        assert_eq!(response.unwrap().status(), StatusCode::OK);
    }

    /// Ten callers ask without pause while the token is rotated five times; how many requests were
    /// served.
    pub(crate) async fn under_load<F: Future<Output = ()>>(
        &'static self,
        rotate: impl Fn(usize) -> F,
    ) -> usize {
        let stop = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        for _ in 0..10 {
            let stop = stop.clone();
            callers.spawn(async move {
                let mut served = 0;
                while !stop.load(SeqCst) {
                    self.ask().await;
                    served += 1;
                }
                served
            });
        }
        sleep(Duration::from_millis(100)).await;
        for n in 1..=5 {
            rotate(n).await;
        }
        stop.store(true, SeqCst);
        callers.join_all().await.into_iter().sum()
    }
}

pub(crate) fn it_renames(path: &Path, n: usize) {
    let next = path.with_extension("next");
    fs::write(&next, format!("cfc_token{n}\n")).unwrap();
    fs::rename(next, path).unwrap();
}

/// Lets a reading land: a sleep ends only when no blocking thread is at work.
pub(crate) async fn settle() {
    sleep(Duration::from_millis(1)).await;
}
