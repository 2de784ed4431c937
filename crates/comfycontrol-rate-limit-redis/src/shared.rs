//! What a store and the task that reconnects for it have together.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Weak};
use std::time::Duration;

use comfycontrol_rate_limit::Member;
use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::backoff;
use crate::connection::Connection;
use crate::error::{RedisError, RedisErrorKind};
use crate::target::Target;

/// A connection that has told nothing for this many timeouts is given up.
const SILENCE: u32 = 5;

/// What a store and the task that reconnects for it have together.
pub(crate) struct Shared {
    pub(crate) target: Target,
    pub(crate) timeout: Duration,
    state: Mutex<State>,
    /// The connection has ended.
    lost: Arc<Notify>,
}

#[derive(Default)]
struct State {
    connection: Option<Connection>,
    members: BTreeSet<Member>,
    /// When something was told last, or the connection was made.
    told: Option<Instant>,
    failures: u32,
    not_before: Option<Instant>,
}

impl Shared {
    pub(crate) fn new(target: Target, timeout: Duration) -> Self {
        Self {
            target,
            timeout,
            state: Mutex::default(),
            lost: Arc::default(),
        }
    }

    /// Asks something over the connection, which is made if there is none.
    pub(crate) async fn call<T>(
        &self,
        ask: impl AsyncFnOnce(&mut Connection) -> Result<T, RedisError>,
    ) -> Result<T, RedisError> {
        let deadline = now() + self.timeout;
        let timed_out = RedisErrorKind::TimedOut {
            after: self.timeout,
        };
        let timed_out = RedisError::new(timed_out);
        let Ok(mut state) = timeout_at(deadline, self.state.lock()).await else {
            return Err(timed_out);
        };
        let asked = timeout_at(deadline, async {
            let connection = self.connection(&mut state).await?;
            ask(connection).await
        });
        let done = asked.await.unwrap_or(Err(timed_out));
        match &done {
            Ok(_) => state.told = Some(now()),
            Err(error) if error.breaks() => self.disconnect(&mut state),
            Err(error) => {
                let silent = matches!(error.kind(), RedisErrorKind::TimedOut { .. });
                let silence = self.timeout.saturating_mul(SILENCE);
                if !silent {
                    state.told = Some(now());
                } else if state.told.is_none_or(|told| told.elapsed() >= silence) {
                    // Until then what was asked may still be carried out, and in this order.
                    self.disconnect(&mut state);
                }
            }
        }
        done
    }

    /// Has the member be there, after each reconnect too.
    pub(crate) async fn join(&self, member: Member) -> Result<(), RedisError> {
        let channel = self.target.channel(member);
        let joined = self.call(async |connection| connection.subscribe(channel).await);
        joined.await?;
        self.state.lock().await.members.insert(member);
        Ok(())
    }

    async fn connection<'a>(&self, state: &'a mut State) -> Result<&'a mut Connection, RedisError> {
        state.connection.take_if(|connection| connection.is_over());
        if state.connection.is_none() {
            if let Some(not_before) = state.not_before {
                sleep_until(not_before).await;
            }
            // Half of a timeout leaves time for an attempt in each call.
            let random = RandomState::new().hash_one(0);
            let pause = backoff::pause(state.failures, self.timeout / 2, random);
            // Counted before, since the attempt may be dropped.
            state.failures = state.failures.saturating_add(1);
            state.not_before = Some(now() + pause);
            let lost = Arc::clone(&self.lost);
            let mut made = Connection::open(&self.target, move || lost.notify_one(), now).await?;
            for member in &state.members {
                made.subscribe(self.target.channel(*member)).await?;
            }
            state.failures = 0;
            state.told = Some(now());
            state.connection = Some(made);
        }
        state.connection.as_mut().ok_or_else(|| {
            RedisError::new(RedisErrorKind::Connection(std::io::ErrorKind::NotConnected))
        })
    }

    fn disconnect(&self, state: &mut State) {
        if state.connection.take().is_some() {
            self.lost.notify_one();
        }
    }
}

/// Makes the connection again whenever it is lost, so that the members of a process that waits are
/// there.
pub(crate) async fn reconnect(shared: Weak<Shared>) {
    let Some(lost) = shared.upgrade().map(|shared| Arc::clone(&shared.lost)) else {
        return;
    };
    loop {
        lost.notified().await;
        loop {
            let Some(shared) = shared.upgrade() else {
                return;
            };
            match shared.call(async |_| Ok(())).await {
                Ok(()) => break,
                // Asking again does not change a denial.
                Err(error) if error.kind() == RedisErrorKind::Denied => break,
                Err(_) => {}
            }
        }
    }
}

/// The time of the runtime.
#[expect(clippy::disallowed_methods, reason = "a store is the outermost shell")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
