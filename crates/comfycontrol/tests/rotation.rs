//! Running clients are given another token, in every way there is, and no call notices.

use std::borrow::Cow;
use std::fs;
use std::future::Future;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use comfycontrol::api_error::ApiErrorKind;
use comfycontrol::rate_limit::Quota;
use comfycontrol::token::{SourceError, Token, TokenHandle, TokenSource, Tokens, file, first_of};
use comfycontrol::{Body, Client, Error};
use comfycontrol_emulator::{Emulator, Fault, FaultRule};
use futures_util::future::join_all;
use futures_util::stream;
use http::Version;
use http::header::AUTHORIZATION;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// How many calls are under way at any time.
const LOAD: usize = 8;

// === under load ===

#[tokio::test]
async fn a_file_replaced_by_rename() {
    within(async {
        let stage = Stage::start().await;
        replace(&stage.path, &stage.old);
        let client = stage.client(file(&stage.path));
        let load = Load::start(&client);
        stage.used("old", 50).await;

        let changed = stage.wall();
        replace(&stage.path, &stage.new);
        stage.used("new", 50).await;
        stage.emulator.tokens().revoke("old");
        stage.used("new", 100).await;
        load.stop().await;
        stage.check(changed);
    })
    .await;
}

#[tokio::test]
async fn a_file_written_in_place_and_read_empty_and_half() {
    within(async {
        let stage = Stage::start().await;
        fs::write(&stage.path, &stage.old).unwrap();
        let source = Counted::new(&stage.path);
        let reads = source.reads.clone();
        let client = stage.client(Tokens::new(source));
        let load = Load::start(&client);
        stage.used("old", 50).await;

        let changed = stage.wall();
        let mut open = fs::OpenOptions::new();
        let mut open = open.write(true).truncate(true).open(&stage.path).unwrap();
        // What has been read is not read again within a second: each piece is seen once.
        next_read(&reads).await;
        let (half, rest) = stage.new.split_at(stage.new.len() / 2);
        open.write_all(half.as_bytes()).unwrap();
        next_read(&reads).await;
        open.write_all(rest.as_bytes()).unwrap();
        drop(open);

        stage.used("new", 50).await;
        stage.emulator.tokens().revoke("old");
        stage.used("new", 100).await;
        load.stop().await;
        stage.check(changed);
    })
    .await;
}

#[tokio::test]
async fn a_handle() {
    within(async {
        let stage = Stage::start().await;
        let handle = TokenHandle::new(token(&stage.old));
        let client = stage.client(handle.clone());
        let load = Load::start(&client);
        stage.used("old", 50).await;

        let changed = stage.wall();
        handle.rotate(token(&stage.new));
        stage.used("new", 50).await;
        stage.emulator.tokens().revoke("old");
        stage.used("new", 100).await;
        load.stop().await;
        stage.check(changed);
    })
    .await;
}

#[tokio::test]
async fn an_expiry_which_the_next_token_does_not_wait_for() {
    within(async {
        let stage = Stage::start().await;
        let next = stage.dir.path().join("next");
        fs::write(&stage.path, &stage.old).unwrap();
        fs::write(&next, &stage.new).unwrap();
        // Five minutes before its end a token is no longer preferred: a moment from now.
        let began = stage.wall();
        let life = Duration::from_millis(5 * 60 * 1_000 + 1_500);
        stage
            .emulator
            .tokens()
            .insert("old", &stage.old, Some(life));
        let source = first_of(file(&stage.path).expiring_at(began + life)).or(file(&next));
        let client = stage.client(source);
        let load = Load::start(&client);

        stage.used("new", 50).await;
        stage.emulator.edge().set_wall(began + 2 * life);
        stage.used("new", 100).await;
        load.stop().await;
        stage.check(began);

        let (old, new) = (stage.token("old"), stage.token("new"));
        let end = old.expires().unwrap();
        assert!(old.last_used().unwrap() < end);
        assert!(
            new.first_used().unwrap() < end,
            "it took over before the end"
        );
        assert!(new.last_used().unwrap() > end, "and was in use after it");
    })
    .await;
}

// === a revoked token ===

#[tokio::test]
async fn fifty_refusals_at_once_cost_one_reading_and_fifty_slots() {
    within(async {
        // A file that may be torn is looked at twice before it is believed.
        for (may_be_torn, looks) in [(false, 1), (true, 2)] {
            let stage = Stage::start().await;
            fs::write(&stage.path, &stage.old).unwrap();
            let source = Counted {
                may_be_torn,
                ..Counted::new(&stage.path).seldom()
            };
            let reads = source.reads.clone();
            let client = stage.client(Tokens::new(source));
            client.get("/v1/user").send().await.unwrap();
            assert_eq!(reads.load(Ordering::SeqCst), 1);

            replace(&stage.path, &stage.new);
            stage.emulator.tokens().revoke("old");
            // So that all are on their way before the first is refused.
            let late = Fault::Delay(Duration::from_millis(300));
            stage.emulator.faults().add(FaultRule::next(50, late));
            let calls = (0..50).map(|_| tokio::spawn(client.get("/v1/user").send()));
            for call in join_all(calls).await {
                call.unwrap().unwrap();
            }

            assert_eq!(reads.load(Ordering::SeqCst), 1 + looks);
            assert_eq!(stage.token("new").uses(), 50);
            let order = stage.tokens_in_order();
            assert_eq!(order.len(), 1 + 50 + 50);
            assert!(order[..51].iter().all(|token| *token == "old"));
            let limiter = client.limiter().unwrap().snapshot();
            assert_eq!(limiter.granted(), 101, "each resend paid for a slot");
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_gone_is_not_sent_again_and_the_next_call_is_right() {
    within(async {
        let stage = Stage::start().await;
        fs::write(&stage.path, &stage.old).unwrap();
        let client = stage.client(Tokens::new(Counted::new(&stage.path).seldom()));
        client.get("/v1/user").send().await.unwrap();
        replace(&stage.path, &stage.new);
        stage.emulator.tokens().revoke("old");
        stage.emulator.clear_captured_requests();

        let create = || {
            let json = r#"{"name":"streamed","endpoint":"https://a.example"}"#;
            let body = Body::from_stream(stream::iter([Ok::<_, Error>(json)]));
            client.post("/v1/runner").body(body).send()
        };
        let refused = create().await.unwrap_err();
        let kind = refused.as_api().unwrap().kind();
        assert_eq!(kind, ApiErrorKind::InvalidToken);
        assert_eq!(stage.tokens_in_order(), ["old"], "sent once");

        let runner: serde_json::Value = create().await.unwrap().json().await.unwrap();
        assert_eq!(runner["name"], "streamed");
        assert_eq!(stage.tokens_in_order(), ["old", "new"]);
        assert_eq!(client.limiter().unwrap().snapshot().granted(), 3);
    })
    .await;
}

// === a broken file ===

#[tokio::test]
async fn a_broken_file_never_displaces_a_token_that_works() {
    within(async {
        let forms: [(&str, Damage, &str); 11] = [
            (
                "gone",
                |path, _| fs::remove_file(path).unwrap(),
                "not there",
            ),
            ("empty", |path, _| write(path, ""), "is empty"),
            ("only a line end", |path, _| write(path, "\n"), "is empty"),
            (
                "half a prefix",
                |path, _| write(path, "cf"),
                "does not start with",
            ),
            (
                "only the prefix",
                |path, _| write(path, "cfc_"),
                "ends after",
            ),
            (
                "two tokens",
                |path, new| write(path, format!("{new}\n{new}\n")),
                "white space inside, at position",
            ),
            (
                "quoted",
                |path, new| write(path, format!("\"{new}\"")),
                "quotation marks",
            ),
            (
                "half of it garbage",
                |path, new| write(path, [new.as_bytes(), &[0xff, 0]].concat()),
                "not UTF-8",
            ),
            (
                "zeros, as after a crash",
                |path, new| write(path, [new.as_bytes(), &[0; 8]].concat()),
                "illegal character at position",
            ),
            (
                "endless",
                |path, new| write(path, new.repeat(200)),
                "more than a token can be long",
            ),
            (
                "a directory",
                |path, _| {
                    fs::remove_file(path).unwrap();
                    fs::create_dir(path).unwrap();
                },
                "not a regular file",
            ),
        ];
        let stages = forms.map(async |(form, damage, says)| {
            let stage = Stage::start().await;
            replace(&stage.path, &stage.old);
            let tokens = Tokens::from(file(&stage.path));
            let client = stage.client(tokens.clone());
            let ask = async || {
                let called = client.get("/v1/user").send().await;
                called.unwrap_or_else(|error| panic!("{form}: {error:#}"));
                sleep(Duration::from_millis(20)).await;
            };
            ask().await;

            damage(&stage.path, &stage.new);
            while tokens.snapshot().error().is_none() {
                ask().await;
            }
            let error = tokens.snapshot().error().unwrap().clone();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(says), "{form}: {shown}");
            assert!(
                shown.contains(stage.path.to_str().unwrap()),
                "{form}: {shown}"
            );
            assert!(!shown.contains("EMULATED"), "{form}: {shown}");
            for _ in 0..10 {
                ask().await;
            }
            assert_eq!(tokens.snapshot().generation(), 1, "{form}");
            assert_eq!(stage.token("new").uses(), 0, "{form}");

            if stage.path.is_dir() {
                fs::remove_dir(&stage.path).unwrap();
            }
            replace(&stage.path, &stage.new);
            while stage.token("new").uses() < 5 {
                ask().await;
            }
            assert!(tokens.snapshot().error().is_none(), "{form}");
            let refused = stage.emulator.captured_requests().len() as u64
                - stage.token("old").uses()
                - stage.token("new").uses();
            assert_eq!(refused, 0, "{form}");
        });
        join_all(stages).await;
    })
    .await;
}

// === support ===

type Damage = fn(&Path, &str);

/// Fails instead of hanging.
async fn within<F: Future>(test: F) -> F::Output {
    let limit = Duration::from_secs(20);
    timeout(limit, test).await.expect("hangs")
}

struct Stage {
    emulator: Emulator,
    dir: TempDir,
    path: PathBuf,
    old: String,
    new: String,
}

impl Stage {
    async fn start() -> Self {
        let emulator = Emulator::builder().limit(None).start().await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        Self {
            path: dir.path().join("token"),
            old: emulator.tokens().create("old", None),
            new: emulator.tokens().create("new", None),
            emulator,
            dir,
        }
    }

    fn client(&self, tokens: impl Into<Tokens>) -> Client {
        let generous = Quota::new(100_000, Duration::from_secs(10)).unwrap();
        Client::builder()
            .tokens(tokens)
            .base_url(self.emulator.https_url())
            .root_certificate(self.emulator.ca_der())
            .no_proxy()
            .quota(generous)
            .build()
            .unwrap()
    }

    fn wall(&self) -> SystemTime {
        self.emulator.edge().wall()
    }

    fn token(&self, name: &str) -> comfycontrol_emulator::TokenInfo {
        self.emulator.tokens().find(name).unwrap()
    }

    /// Waits until the token has been used so often.
    async fn used(&self, name: &str, uses: u64) {
        while self.token(name).uses() < uses {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Whose token each request carried, in the order of arrival.
    fn tokens_in_order(&self) -> Vec<&'static str> {
        let seen = self.emulator.captured_requests();
        let of = |seen: &comfycontrol_emulator::CapturedRequest| {
            assert_eq!(seen.version(), Version::HTTP_2);
            let value = seen.headers()[AUTHORIZATION].to_str().unwrap().to_owned();
            match value.strip_prefix("Bearer ") {
                Some(token) if token == self.old => "old",
                Some(token) if token == self.new => "new",
                _ => panic!("another token was sent"),
            }
        };
        seen.iter().map(of).collect()
    }

    /// First the old one, then the new one, and every request accepted.
    fn check(&self, changed: SystemTime) {
        let (old, new) = (self.token("old"), self.token("new"));
        let order = self.tokens_in_order();
        assert_eq!(
            old.uses() + new.uses(),
            order.len() as u64,
            "none was refused"
        );

        let first_new = order.iter().position(|token| *token == "new").unwrap();
        let stragglers = order[first_new..].iter().filter(|token| **token == "old");
        assert!(stragglers.count() < LOAD, "only those under way already");

        let used = |info: &comfycontrol_emulator::TokenInfo| {
            (info.first_used().unwrap(), info.last_used().unwrap())
        };
        let ((old_first, old_last), (new_first, new_last)) = (used(&old), used(&new));
        assert!(old_first < new_first && changed <= new_first);
        assert!(old_last < new_last);
        let overlap = old_last.duration_since(new_first).unwrap_or_default();
        assert!(overlap < Duration::from_secs(1), "{overlap:?}");
    }
}

/// Calls without a pause worth mentioning.
struct Load {
    stopped: Arc<AtomicBool>,
    callers: Vec<JoinHandle<Result<(), Error>>>,
}

impl Load {
    fn start(client: &Client) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let callers = (0..LOAD).map(|_| {
            let (client, stopped) = (client.clone(), stopped.clone());
            tokio::spawn(async move {
                while !stopped.load(Ordering::Relaxed) {
                    client.get("/v1/user").send().await?.bytes().await?;
                    sleep(Duration::from_millis(4)).await;
                }
                Ok(())
            })
        });
        Self {
            callers: callers.collect(),
            stopped,
        }
    }

    /// All that were under way end well too.
    async fn stop(self) {
        self.stopped.store(true, Ordering::Relaxed);
        for caller in self.callers {
            caller.await.unwrap().expect("no call fails");
        }
    }
}

/// A file that counts how often it is read.
struct Counted {
    file: comfycontrol::token::File,
    reads: Arc<AtomicUsize>,
    may_be_torn: bool,
    interval: Duration,
}

impl Counted {
    fn new(path: &Path) -> Self {
        let file = file(path);
        Self {
            reads: Arc::default(),
            may_be_torn: file.may_be_torn(),
            interval: file.interval(),
            file,
        }
    }

    /// Read once a minute, so that within a test only a refusal makes it be read again.
    fn seldom(self) -> Self {
        let interval = Duration::from_secs(60);
        Self { interval, ..self }
    }
}

impl TokenSource for Counted {
    fn read(&self) -> Result<Token, SourceError> {
        let token = self.file.read();
        self.reads.fetch_add(1, Ordering::SeqCst);
        token
    }

    fn name(&self) -> Cow<'_, str> {
        self.file.name()
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    fn may_be_torn(&self) -> bool {
        self.may_be_torn
    }
}

/// Waits until the file has been read once more.
async fn next_read(reads: &AtomicUsize) {
    let before = reads.load(Ordering::SeqCst);
    while reads.load(Ordering::SeqCst) == before {
        sleep(Duration::from_millis(5)).await;
    }
}

/// As secrets are replaced: written aside, then renamed.
fn replace(path: &Path, token: &str) {
    let aside = path.with_extension("new");
    fs::write(&aside, format!("{token}\n")).unwrap();
    fs::rename(&aside, path).unwrap();
}

fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::write(path, content).unwrap();
}

fn token(text: &str) -> Token {
    Token::parse(text).unwrap()
}
