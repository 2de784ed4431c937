use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use comfycontrol_token::{SourceError, Token, TokenProvider, TokenSource};
use tokio::{task, time};

use crate::results::Results;
use crate::support::token;

/// A source that gives one result after the other, and the last again and again.
pub(crate) struct Scripted(Script);

#[derive(Clone)]
pub(crate) struct Script(Arc<Inner>);

struct Inner {
    results: Results,
    gate: Mutex<Option<Receiver<()>>>,
    begun: AtomicUsize,
    ended: AtomicUsize,
}

pub(crate) fn scripted<const N: usize>(results: [&'static str; N]) -> (Scripted, Script) {
    let script = Script(Arc::new(Inner {
        results: Results::new(results),
        gate: Mutex::default(),
        begun: AtomicUsize::default(),
        ended: AtomicUsize::default(),
    }));
    (Scripted(script.clone()), script)
}

impl Script {
    pub(crate) fn reads(&self) -> usize {
        self.0.begun.load(SeqCst)
    }

    /// From now on each reading needs one message to go on, until the sender is dropped.
    pub(crate) fn gate(&self) -> Sender<()> {
        let (send, receive) = channel();
        *self.0.gate.lock().unwrap() = Some(receive);
        send
    }
}

impl From<Scripted> for TokenProvider {
    fn from(source: Scripted) -> Self {
        Self::new(source)
    }
}

impl TokenSource for Scripted {
    fn read(&self) -> Result<Token, SourceError> {
        let script = &self.0.0;
        script.begun.fetch_add(1, SeqCst);
        let mut gate = script.gate.lock().unwrap();
        // The opener may be stuck behind this very reading, if the code is broken.
        if let Some(held) = &*gate
            && held.recv_timeout(Duration::from_secs(10)).is_err()
        {
            *gate = None;
        }
        drop(gate);
        let result = script.results.next();
        script.ended.fetch_add(1, SeqCst);
        match result {
            "" => Err(SourceError::other("script", "nothing today")),
            "panic" => panic!("on purpose"),
            random => Ok(token(random)),
        }
    }

    fn name(&self) -> Cow<'_, str> {
        "script".into()
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(1)
    }
}

/// Waits until so many readings have ended and been taken up.
pub(crate) async fn landed(script: &Script, reads: usize) {
    for _ in 0..10_000_000 {
        if script.0.ended.load(SeqCst) >= reads {
            break;
        }
        thread::yield_now();
        task::yield_now().await;
    }
    assert!(script.0.ended.load(SeqCst) >= reads, "no reading has ended");
    // Sleeping ends only when no blocking thread is at work.
    time::sleep(Duration::from_millis(1)).await;
}
