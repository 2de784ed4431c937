//! Running clients are given another token, in every way there is, and no call notices.

mod broken;
mod load;
mod revoked;

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use comfycontrol::Client;
use comfycontrol::rate_limit::Quota;
use comfycontrol::token::{FileSource, SourceError, Token, TokenProvider, TokenSource, file};
use comfycontrol_emulator::{CapturedRequest, Emulator, TokenInfo};
use http::Version;
use http::header::AUTHORIZATION;
use tempfile::TempDir;

use crate::support::{edge, emulated};

struct Stage {
    emulator: Emulator,
    dir: TempDir,
    path: PathBuf,
    old: String,
    new: String,
}

impl Stage {
    async fn start() -> Self {
        let emulator = edge().await;
        let dir = tempfile::tempdir().unwrap();
        Self {
            path: dir.path().join("token"),
            old: emulator.tokens().create("old", None),
            new: emulator.tokens().create("new", None),
            emulator,
            dir,
        }
    }

    fn client(&self, tokens: impl Into<TokenProvider>) -> Client {
        let generous = Quota::new(100_000, Duration::from_secs(10)).unwrap();
        emulated::builder(&self.emulator)
            .token_provider(tokens)
            .rate_limit(generous)
            .build()
            .unwrap()
    }

    fn wall(&self) -> SystemTime {
        self.emulator.edge().wall_clock()
    }

    fn token(&self, name: &str) -> TokenInfo {
        self.emulator.tokens().find(name).unwrap()
    }

    /// Whose token each request carried, in the order of arrival.
    fn tokens_in_order(&self) -> Vec<&'static str> {
        let seen = self.emulator.captured_requests();
        let of = |seen: &CapturedRequest| {
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
}

/// A file that counts how often it is read.
struct Counted {
    file: FileSource,
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

    /// Read once a minute, so that within a test only a 401 makes it be read again.
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

/// As secrets are replaced: written aside, then renamed.
fn replace(path: &Path, token: &str) {
    let aside = path.with_extension("new");
    fs::write(&aside, format!("{token}\n")).unwrap();
    fs::rename(&aside, path).unwrap();
}
