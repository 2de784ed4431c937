//! Rotation under load: the file is replaced in every way, tokens are revoked, and no request fails.

use std::collections::HashSet;
use std::fs;
use std::future::Future;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comfycontrol_token::{
    AddTokenLayer, ResendOnce, SourceProblem, TokenHandle, TokenReplaced, Tokens, file,
};
use http::header::AUTHORIZATION;
use http::{Response, StatusCode};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tower::retry::{Policy, RetryLayer};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt};

use crate::support::{Req, Res, get, origin, token, within};

#[tokio::test(start_paused = true)]
async fn a_file_replaced_by_rename_before_the_old_token_is_revoked() {
    let it = Stage::new();
    let served = it.under_load(|n| async move {
        it_renames(&it.path, n);
        sleep(Duration::from_secs(3)).await;
        it.server.revoke(n - 1);
    });
    assert!(served.await > 500);
    assert_eq!(
        it.server.refused(),
        0,
        "the new token had taken over in time"
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_changed_in_place_and_torn_before_the_old_token_is_revoked() {
    let it = Stage::new();
    let served = it.under_load(|n| async move {
        // Each state lasts a while: empty, half a prefix, well-formed but cut, whole.
        let whole = format!("cfc_token{n}\n");
        let mut open = fs::OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(&it.path)
            .unwrap();
        for piece in [&whole[..2], &whole[2..7], &whole[7..]] {
            sleep(Duration::from_millis(900)).await;
            open.write_all(piece.as_bytes()).unwrap();
        }
        sleep(Duration::from_secs(3)).await;
        it.server.revoke(n - 1);
    });
    assert!(served.await > 500);
    assert_eq!(it.server.refused(), 0, "no torn token was ever sent");
}

#[tokio::test(start_paused = true)]
async fn half_a_token_that_looks_whole_and_stays_for_long_costs_resends_and_no_failure() {
    let it = Stage::new();
    let served = it.under_load(|n| async move {
        let whole = format!("cfc_token{n}\n");
        fs::write(&it.path, &whole[..7]).unwrap();
        sleep(Duration::from_secs(5)).await;
        let snapshot = it.tokens.snapshot();
        assert!(!snapshot.is_refused(), "a token that works is in use");
        assert_eq!(*snapshot.error().unwrap().problem(), SourceProblem::Refused);
        fs::write(&it.path, whole).unwrap();
        sleep(Duration::from_secs(3)).await;
        assert!(it.tokens.snapshot().error().is_none());
        it.server.revoke(n - 1);
    });
    assert!(served.await > 500);
    // Ten callers sent it at most once each time it came in.
    assert!((1..=50).contains(&it.server.refused()));
}

#[tokio::test(start_paused = true)]
async fn a_token_revoked_at_once_costs_resends_and_no_failure() {
    let it = Stage::new();
    let served = it.under_load(|n| async move {
        it_renames(&it.path, n);
        it.server.revoke(n - 1);
        sleep(Duration::from_secs(3)).await;
    });
    assert!(served.await > 500);
    assert!(it.server.refused() > 0);
}

#[tokio::test(start_paused = true)]
async fn a_handle_rotated_before_the_old_token_is_revoked() {
    let handle = TokenHandle::new(token("token0"));
    let it = Stage::with(handle.clone().into());
    let handle = &handle;
    let served = it.under_load(|n| async move {
        handle.rotate(token(&format!("token{n}")));
        it.server.revoke(n - 1);
        sleep(Duration::from_secs(1)).await;
    });
    assert!(served.await > 500);
}

#[tokio::test(start_paused = true)]
async fn a_broken_file_in_any_form_leaves_the_token_in_use() {
    let it = Stage::new();
    it.ask().await;
    let breaks: [Break; 6] = [
        ("gone", |path| fs::remove_file(path).unwrap()),
        ("empty", |path| fs::write(path, "").unwrap()),
        ("half-written", |path| fs::write(path, "cfc").unwrap()),
        ("garbage", |path| fs::write(path, [0xff; 100]).unwrap()),
        ("too large", |path| fs::write(path, [b'a'; 10_000]).unwrap()),
        ("a directory", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
    ];
    for (what, damage) in breaks {
        damage(&it.path);
        for _ in 0..3 {
            sleep(Duration::from_secs(1)).await;
            it.ask().await;
        }
        settle().await;
        let snapshot = it.tokens.snapshot();
        assert_eq!(snapshot.generation(), 1, "{what}");
        let error = snapshot
            .error()
            .unwrap_or_else(|| panic!("{what}: no error"));
        assert!(error.name().starts_with("file "), "{what}");
        assert_ne!(*error.problem(), SourceProblem::Panicked, "{what}");
    }
    assert_eq!(it.server.refused(), 0);
    fs::remove_dir(&it.path).unwrap();
    it_renames(&it.path, 0);
    sleep(Duration::from_secs(1)).await;
    it.ask().await;
    settle().await;
    assert!(it.tokens.snapshot().error().is_none());
}

/// A full disk: `write` fails after the file was cut to nothing.
#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_full_disk_leaves_the_token_in_use() {
    let it = Stage::new();
    it.ask().await;
    fs::remove_file(&it.path).unwrap();
    std::os::unix::fs::symlink("/dev/full", &it.path).unwrap();
    assert!(fs::write(&it.path, "cfc_token1").is_err());
    for _ in 0..3 {
        sleep(Duration::from_secs(1)).await;
        it.ask().await;
    }
    settle().await;
    assert_eq!(
        *it.tokens.snapshot().error().unwrap().problem(),
        SourceProblem::NotRegularFile
    );
    assert_eq!(it.server.refused(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_cannot_be_sent_twice_is_not_and_the_next_call_is_right() {
    let it = Stage::new();
    it.ask().await;
    it_renames(&it.path, 1);
    it.server.revoke(0);
    let once = it.service_without_retry();
    let first = within(once.clone().oneshot(get())).await.unwrap();
    assert_eq!(first.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        within(once.oneshot(get())).await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test(start_paused = true)]
async fn a_resend_happens_once_and_only_for_a_replaced_token() {
    let it = Stage::new();
    it.ask().await;
    it.server.revoke(0);
    let answer = within(it.service().oneshot(get())).await.unwrap();
    assert_eq!(
        (answer.status(), it.server.refused()),
        (StatusCode::UNAUTHORIZED, 1)
    );
    // Another token, as bad as the first: one resend, and that is all.
    it_renames(&it.path, 7);
    it.server.revoke(7);
    sleep(Duration::from_secs(1)).await;
    let answer = within(it.service().oneshot(get())).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert!(it.server.refused() <= 3);
}

#[test]
fn the_policy_is_spent_after_one_resend() {
    let marked = || {
        let mut response = Response::new("");
        response.extensions_mut().insert(TokenReplaced);
        Ok::<_, BoxError>(response)
    };
    let policy = ResendOnce::default();
    for (result, resends) in [
        (Ok(Response::new("")), false),
        (Err("broken".into()), false),
        (marked(), true),
    ] {
        let mut policy = policy.clone();
        let mut result: Result<_, BoxError> = result;
        assert_eq!(policy.retry(&mut get(), &mut result).is_some(), resends);
        assert_eq!(policy.retry(&mut get(), &mut marked()).is_some(), !resends);
    }
}

// === support ===

type Break = (&'static str, fn(&Path));

/// A server that knows which tokens are valid.
#[derive(Clone, Default)]
struct Server(Arc<Inner>);

#[derive(Default)]
struct Inner {
    revoked: Mutex<HashSet<String>>,
    refused: AtomicUsize,
}

impl Server {
    fn revoke(&self, n: usize) {
        self.0
            .revoked
            .lock()
            .unwrap()
            .insert(format!("Bearer cfc_token{n}"));
    }

    fn refused(&self) -> usize {
        self.0.refused.load(SeqCst)
    }

    fn answer(&self, request: &Req) -> Res {
        let token = request.headers()[AUTHORIZATION].to_str().unwrap();
        let number = token
            .strip_prefix("Bearer cfc_token")
            .and_then(|n| n.parse::<usize>().ok());
        let good = number.is_some() && !self.0.revoked.lock().unwrap().contains(token);
        let mut response = Response::new("");
        if !good {
            self.0.refused.fetch_add(1, SeqCst);
            *response.status_mut() = StatusCode::UNAUTHORIZED;
        }
        response
    }
}

struct Stage {
    _dir: TempDir,
    path: PathBuf,
    tokens: Tokens,
    server: Server,
}

impl Stage {
    fn new() -> &'static Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        fs::write(&path, "cfc_token0\n").unwrap();
        Self::at(dir, file(&path).into())
    }

    fn with(tokens: Tokens) -> &'static Self {
        Self::at(tempfile::tempdir().unwrap(), tokens)
    }

    fn at(dir: TempDir, tokens: Tokens) -> &'static Self {
        let path = dir.path().join("token");
        let server = Server::default();
        // Leaked, so that tasks and closures may borrow it.
        Box::leak(Box::new(Self {
            _dir: dir,
            path,
            tokens,
            server,
        }))
    }

    fn service_without_retry(
        &self,
    ) -> impl Service<Req, Response = Res, Error = BoxError, Future: Send> + Clone + Send + use<>
    {
        let server = self.server.clone();
        ServiceBuilder::new()
            .layer(AddTokenLayer::new(origin(), self.tokens.clone()))
            .service_fn(move |request: Req| {
                let server = server.clone();
                async move {
                    sleep(Duration::from_millis(5)).await;
                    let response = server.answer(&request);
                    sleep(Duration::from_millis(5)).await;
                    Ok::<_, BoxError>(response)
                }
            })
    }

    fn service(
        &self,
    ) -> impl Service<Req, Response = Res, Error = BoxError, Future: Send> + Clone + Send + use<>
    {
        ServiceBuilder::new()
            .layer(RetryLayer::new(ResendOnce::default()))
            .service(self.service_without_retry())
    }

    async fn ask(&self) {
        let answer = within(self.service().oneshot(get())).await;
        assert_eq!(answer.unwrap().status(), StatusCode::OK);
    }

    /// Ten callers ask without pause while the token is rotated five times; how many requests were served.
    async fn under_load<F: Future<Output = ()>>(
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

fn it_renames(path: &Path, n: usize) {
    let next = path.with_extension("next");
    fs::write(&next, format!("cfc_token{n}\n")).unwrap();
    fs::rename(next, path).unwrap();
}

/// Lets a reading land: a sleep ends only when no blocking thread is at work.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}
