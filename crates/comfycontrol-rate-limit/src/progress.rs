//! One call, seen from outside: how many wait before it, when it is its turn, and that it leaves.

mod step;
mod track;
mod watchers;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::time::Instant;

pub use self::step::{Step, Waiting};
pub(crate) use self::track::Source;
use self::track::{Teller, Track};
pub(crate) use self::watchers::Watchers;
use crate::admission::Prospect;
use crate::queue::Spot;

/// Follows one call: where it stands in the queue, and when its request leaves.
///
/// For progress bars and journals, as a [`Stream`] or step by step. The [`Tracker`] it is made with
/// goes into the extensions of a request, or [with an `acquire`](crate::Acquire::tracked_by). Calls
/// without one pay nothing for it.
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

impl Progress {
    /// Creates a progress, and the tracker that goes with the call to follow.
    pub fn new() -> (Tracker, Self) {
        let track = Arc::new(Track::default());
        let tracker = Tracker(Arc::new(Teller::new(track.clone())));
        let seen = None;
        (tracker, Self { track, seen })
    }

    /// Where the call is now; `None` before it has begun to wait or left, and when it was dropped
    /// or rejected.
    pub fn step(&self) -> Option<Step> {
        self.track.step()
    }

    /// The next step: when the number of calls before this one has changed, when it is its turn
    /// more than 1 s sooner or later than was told, or when it has left. `None` when there is no
    /// more to come, as all [`Tracker`]s are gone.
    ///
    /// Steps that follow each other too quickly are left out, but never the last one. Dropping the
    /// future loses nothing.
    pub async fn next(&mut self) -> Option<Step> {
        poll_fn(|cx| self.poll_step(cx)).await
    }

    fn poll_step(&mut self, cx: &Context<'_>) -> Poll<Option<Step>> {
        let is_over = self.track.watch(cx.waker().clone());
        let step = self.track.step();
        if let Some(step) = step
            && !self.seen.as_ref().is_some_and(|seen| seen.is_like(&step))
        {
            self.seen = Some(step.clone());
            return Poll::Ready(Some(step));
        }
        if is_over {
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    }
}

impl Stream for Progress {
    type Item = Step;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Step>> {
        self.poll_step(cx)
    }
}

/// Tells a [`Progress`] about the call it goes with: in the extensions of its request, or
/// [with an `acquire`](crate::Acquire::tracked_by).
///
/// Clones tell the same one, as those of a request that is sent again do. It is for one call at a
/// time: of several, only the one that was heard of last is told of.
#[derive(Clone)]
pub struct Tracker(Arc<Teller>);

impl Tracker {
    /// Where the call is now, as [`Progress::step`] has it: for a layer that meets the tracker of
    /// another on a request.
    pub fn step(&self) -> Option<Step> {
        self.0.step()
    }

    /// The call waits there, among those that `watchers` are told of, with that `prospect`.
    pub(crate) fn waits(
        &self,
        source: Weak<dyn Source>,
        spot: Spot,
        prospect: Prospect,
        watchers: &Watchers,
    ) {
        if let Some(track) = self.0.waits(source, spot) {
            watchers.add(track, prospect);
        }
    }

    /// Its request leaves.
    pub(crate) fn leaves(&self, at: Instant) {
        self.0.leaves(at);
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
