//! One call, seen from outside: how many wait before it, when it is its turn, and that it leaves.

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::queue::Spot;

/// Follows one call: where it stands in the queue, and when its request leaves.
///
/// For progress bars and journals. The [`Tracker`] it is made with goes into the extensions of a request,
/// or [with an `acquire`](crate::Acquire::tracked_by). Calls without one pay nothing for it.
///
/// ```
/// use comfycontrol_rate_limit::{Limiter, Progress, Quota, Step};
/// use http::{Request, Response};
/// use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), BoxError> {
/// let limiter = Limiter::new(Quota::COMFYCONTROL);
/// let client = ServiceBuilder::new()
///     .layer(limiter.layer())
///     .service(service_fn(|_: Request<()>| async { Ok::<_, BoxError>(Response::new(())) }));
/// # for _ in 0..40 {
/// #     client.clone().oneshot(Request::new(())).await?;
/// # }
///
/// let (tracker, mut progress) = Progress::new();
/// let mut request = Request::new(());
/// request.extensions_mut().insert(tracker);
/// let call = tokio::spawn(client.oneshot(request));
///
/// let mut steps = Vec::new();
/// while let Some(step) = progress.next().await {
///     match &step {
///         Step::Waiting(waiting) => {
///             println!("number {} in the queue, until {:?}", waiting.place(), waiting.earliest());
///         }
///         Step::Left(at) => println!("left at {at:?}"),
///         _ => {}
///     }
///     steps.push(step);
/// }
/// assert!(matches!(steps[..], [Step::Waiting(_), Step::Left(_)]));
/// # call.await??;
/// # Ok(())
/// # }
/// ```
pub struct Progress {
    track: Arc<Track>,
    seen: Option<Step>,
}

/// Tells a [`Progress`] about the call it goes with: in the extensions of its request, or
/// [with an `acquire`](crate::Acquire::tracked_by).
///
/// Clones tell the same one, as those of a request that is sent again do.
#[derive(Clone)]
pub struct Tracker(Arc<Teller>);

/// Where a call is on its way to the server.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// It waits for a slot.
    Waiting(Waiting),
    /// Its request has left, at that instant.
    Left(Instant),
}

/// What a call that waits has before it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Waiting {
    pub(crate) ahead: usize,
    pub(crate) earliest: Instant,
}

impl Waiting {
    /// How many calls wait before it.
    pub fn ahead(&self) -> usize {
        self.ahead
    }

    /// Its place in the queue: 1 is next.
    pub fn place(&self) -> usize {
        self.ahead + 1
    }

    /// When it leaves if no call before it gives up, and responses take as long as they have taken while
    /// calls waited; sooner if one does.
    pub fn earliest(&self) -> Instant {
        self.earliest
    }
}

impl Progress {
    /// Creates one, and the tracker that goes with the call to follow.
    #[expect(clippy::new_ret_no_self, reason = "they are two ends of one thing")]
    pub fn new() -> (Tracker, Self) {
        let track = Arc::new(Track::default());
        let tracker = Tracker(Arc::new(Teller(track.clone())));
        let seen = None;
        (tracker, Self { track, seen })
    }

    /// Where the call is now; `None` before it has begun to wait or left, and when it was dropped or
    /// rejected.
    ///
    /// Takes time that grows with the number of calls before it.
    pub fn step(&self) -> Option<Step> {
        self.track.step()
    }

    /// The next step: when the number of calls before this one has changed, or the call has left. `None`
    /// when there is no more to come, as all [`Tracker`]s are gone.
    ///
    /// Steps that follow each other too quickly are left out, but never the last one. Dropping the
    /// future loses nothing.
    pub async fn next(&mut self) -> Option<Step> {
        loop {
            let mut changed = pin!(self.track.changed.notified());
            changed.as_mut().enable();
            let is_over = self.track.state.lock().is_over;
            let step = self.track.step();
            if let Some(step) = &step
                && !self.seen.as_ref().is_some_and(|seen| seen.is_like(step))
            {
                self.seen = Some(step.clone());
                return Some(step.clone());
            }
            if is_over {
                return None;
            }
            changed.await;
        }
    }
}

impl Step {
    /// An estimate may change although nothing has happened.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Waiting(one), Self::Waiting(other)) => one.ahead == other.ahead,
            (Self::Left(one), Self::Left(other)) => one == other,
            (Self::Waiting(_), Self::Left(_)) | (Self::Left(_), Self::Waiting(_)) => false,
        }
    }
}

/// Knows what a call that waits has before it.
pub(crate) trait Source: Send + Sync {
    fn waiting(&self, spot: Spot) -> Option<Waiting>;
}

/// The calls of one limiter that wait and are followed.
#[derive(Default)]
pub(crate) struct Watchers {
    any: AtomicBool,
    tracks: Mutex<Vec<Weak<Track>>>,
}

impl Watchers {
    fn add(&self, track: &Arc<Track>) {
        self.tracks.lock().push(Arc::downgrade(track));
        self.any.store(true, Ordering::SeqCst);
    }

    /// Something has changed for those who wait.
    #[inline]
    pub(crate) fn notify(&self) {
        if self.any.load(Ordering::SeqCst) {
            self.notify_all();
        }
    }

    #[cold]
    fn notify_all(&self) {
        let mut waiting = Vec::new();
        let mut tracks = self.tracks.lock();
        tracks.retain(|track| {
            let track = track.upgrade().filter(|track| track.is_waiting());
            let is_waiting = track.is_some();
            waiting.extend(track);
            is_waiting
        });
        self.any.store(!tracks.is_empty(), Ordering::SeqCst);
        drop(tracks);
        // Whoever is woken may come back in, so nothing is locked.
        waiting
            .iter()
            .for_each(|track| track.changed.notify_waiters());
    }
}

/// What both ends share.
#[derive(Default)]
struct Track {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    waits: Option<(Weak<dyn Source>, Spot)>,
    left: Option<Instant>,
    is_over: bool,
}

impl Track {
    fn is_waiting(&self) -> bool {
        self.state.lock().waits.is_some()
    }

    fn step(&self) -> Option<Step> {
        let (waits, left) = {
            let state = self.state.lock();
            (state.waits.clone(), state.left)
        };
        match waits {
            Some((source, spot)) => source.upgrade()?.waiting(spot).map(Step::Waiting),
            None => left.map(Step::Left),
        }
    }
}

/// Its end is that of the call.
struct Teller(Arc<Track>);

impl Drop for Teller {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.waits = None;
        state.is_over = true;
        drop(state);
        self.0.changed.notify_waiters();
    }
}

impl Tracker {
    /// The call waits there, among those that `watchers` are told of.
    pub(crate) fn waits(&self, source: Weak<dyn Source>, spot: Spot, watchers: &Watchers) {
        let there = source.as_ptr();
        let known = self.0.0.state.lock().waits.replace((source, spot));
        let is_known = known.is_some_and(|(source, known)| {
            known == spot && std::ptr::addr_eq(source.as_ptr(), there)
        });
        if !is_known {
            watchers.add(&self.0.0);
            self.0.0.changed.notify_waiters();
        }
    }

    /// Its request leaves.
    pub(crate) fn leaves(&self, at: Instant) {
        let mut state = self.0.0.state.lock();
        state.waits = None;
        state.left = Some(at);
        drop(state);
        self.0.0.changed.notify_waiters();
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Progress").field(&self.step()).finish()
    }
}

impl fmt::Debug for Tracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tracker")
    }
}
