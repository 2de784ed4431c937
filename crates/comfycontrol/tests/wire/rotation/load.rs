//! While calls are under way.

use std::fs;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use comfycontrol::token::{Token, TokenHandle, TokenProvider, TokenSource, file, first_of};
use comfycontrol::{Client, Error};
use comfycontrol_emulator::TokenInfo;
use comfycontrol_test::within;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::{Counted, Stage, replace};
use crate::support::LIMIT;

/// How many calls are under way at any time.
const LOAD: usize = 8;

#[tokio::test]
async fn a_file_replaced_by_rename() {
    within(LIMIT, async {
        let stage = Stage::start().await;
        replace(&stage.path, &stage.old);
        let client = stage.client(file(&stage.path));
        let load = Load::start(&client);
        stage.used("old", 50).await;

        let changed = stage.wall();
        replace(&stage.path, &stage.new);
        stage.hand_over(load, changed).await;
    })
    .await;
}

#[tokio::test]
async fn a_file_written_in_place_and_read_empty_and_half() {
    within(LIMIT, async {
        let stage = Stage::start().await;
        fs::write(&stage.path, &stage.old).unwrap();
        let source = Counted::new(&stage.path);
        let reads = source.reads.clone();
        let client = stage.client(TokenProvider::new(source));
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

        stage.hand_over(load, changed).await;
    })
    .await;
}

#[tokio::test]
async fn a_handle() {
    within(LIMIT, async {
        let stage = Stage::start().await;
        let handle = TokenHandle::new(token(&stage.old));
        let client = stage.client(handle.clone());
        let load = Load::start(&client);
        stage.used("old", 50).await;

        let changed = stage.wall();
        handle.rotate(token(&stage.new));
        stage.hand_over(load, changed).await;
    })
    .await;
}

#[tokio::test]
async fn an_expiry_which_the_next_token_does_not_wait_for() {
    within(LIMIT, async {
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
        stage.emulator.edge().set_wall_clock(began + 2 * life);
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

// === support ===

impl Stage {
    /// Waits until the token has been used so often.
    async fn used(&self, name: &str, uses: u64) {
        while self.token(name).uses() < uses {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// The new token is used, and goes on being used once the old one is revoked.
    async fn hand_over(&self, load: Load, changed: SystemTime) {
        self.used("new", 50).await;
        self.emulator.tokens().revoke("old");
        self.used("new", 100).await;
        load.stop().await;
        self.check(changed);
    }

    /// First the old one, then the new one, and every request accepted.
    fn check(&self, changed: SystemTime) {
        let (old, new) = (self.token("old"), self.token("new"));
        let order = self.tokens_in_order();
        assert_eq!(
            old.uses() + new.uses(),
            order.len() as u64,
            "none was unauthorized"
        );

        let first_new = order.iter().position(|token| *token == "new").unwrap();
        let stragglers = order[first_new..].iter().filter(|token| **token == "old");
        assert!(stragglers.count() < LOAD, "only those under way already");

        let used = |info: &TokenInfo| (info.first_used().unwrap(), info.last_used().unwrap());
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

/// Waits until the file has been read once more.
async fn next_read(reads: &AtomicUsize) {
    let before = reads.load(Ordering::SeqCst);
    while reads.load(Ordering::SeqCst) == before {
        sleep(Duration::from_millis(5)).await;
    }
}

fn token(text: &str) -> Token {
    Token::parse(text).unwrap()
}
