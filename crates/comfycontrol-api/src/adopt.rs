//! Finding a run whose creation was not responded to.

mod in_doubt;
mod looks;
mod scan;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use comfycontrol::{Client, Error};
use futures_util::TryStreamExt;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};

use self::looks::Looks;
use self::scan::{Scan, Seen};
use crate::{WorkflowSummary, Workflows, null};

pub use self::in_doubt::RunInDoubt;
pub(crate) use self::in_doubt::Why;

/// Finds the run of a name, after the response to its creation was lost: sends nothing that starts one.
///
/// The API knows no key that would tell. What is free, kept and shown in lists is the name: give each run
/// one of its own, as [`Api::run`](crate::Api::run) does.
///
/// Made by [`Workflows::adopt`], and awaited: `Some` is the run, and `None` says that there certainly is none. An
/// error, with [`RunInDoubt`] as its cause, says that it cannot be known.
///
/// # What is certain
///
/// A request whose response was lost may still be on its way: in a buffer of this machine, at the edge, which
/// waits up to two minutes for the API (Cloudflare, "Error 524"), or in the API, which is at work. Therefore the list is read at
/// once, and again with growing pauses, until a read that [begins three
/// minutes](Self::settle_after) later has not found the run either. `None` rests on that: on an API that lists each
/// run by then, with its name as it was given. The list is read newest first up to its end, to runs
/// that are too old, or to the 2,000th run: then it is not known. By whose clock one is too old, see
/// [`created_within`](Self::created_within).
///
/// Each read costs a request, a long list one for each 100 runs.
///
/// ```no_run
/// # async fn run(api: comfycontrol_api::Api) -> Result<(), comfycontrol::Error> {
/// use comfycontrol::Applied;
/// use comfycontrol_api::NewWorkflow;
///
/// let new = NewWorkflow::new("Sunset [row 17]", r#"{"6": {}}"#);
/// let run = match api.workflows().create(new).await {
///     Err(e) if e.applied() != Applied::No => api.workflows().adopt("Sunset [row 17]").await?,
///     created => Some(created?),
/// };
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is looked for until it is awaited"]
pub struct Adopt {
    workflows: Workflows,
    name: String,
    settle: Duration,
    /// When it was created at the earliest; otherwise so long ago.
    since: Option<Instant>,
    within: Option<Duration>,
}

/// The future of an [`Adopt`].
pub struct AdoptFuture(
    Pin<Box<dyn Future<Output = Result<Option<WorkflowSummary>, Error>> + Send>>,
);

impl Workflows {
    /// Finds the run of a name, after the response to its creation was lost.
    ///
    /// # Errors
    ///
    /// Fails with a [`RunInDoubt`] as cause, once it is awaited, if it cannot be known.
    pub fn adopt(&self, name: impl Into<String>) -> Adopt {
        Adopt {
            workflows: self.clone(),
            name: name.into(),
            settle: SETTLE,
            since: None,
            within: None,
        }
    }
}

impl Adopt {
    /// Sets how long after now the request may still start the run. The default is 3 minutes; with zero,
    /// for a program that has ended long ago, the list is read once.
    pub fn settle_after(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// Says that the request was not sent earlier than so long ago: older runs need not be read. Unless
    /// set, the list is read to its end.
    ///
    /// One is too old by the clock of the server, which comes with the list, and a minute more.
    pub fn created_within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }

    pub(crate) fn created_since(mut self, instant: Instant) -> Self {
        self.since = Some(instant);
        self
    }

    async fn run(self) -> Result<Option<WorkflowSummary>, Error> {
        let lost = now();
        let mut looks = Looks::new(lost, self.settle);
        while let Some(at) = looks.next(now()) {
            sleep_until(at).await;
            match self.look(lost).await {
                Ok(Look::Found(run)) => return Ok(Some(*run)),
                Ok(Look::Absent) => {}
                Ok(Look::TooMany) => {
                    return Err(RunInDoubt::of(&self.name, Why::TooMany(MOST_LOOKED_AT)));
                }
                Err(e) if e.is_retryable() && looks.failed(now()) => {}
                Err(e) => return Err(RunInDoubt::of(&self.name, Why::List(e))),
            }
        }
        Ok(None)
    }

    /// Reads the list once, as far as need be.
    async fn look(&self, lost: Instant) -> Result<Look, Error> {
        let (headers, first) = first_page(self.workflows.client()).await?;
        let within = match self.since {
            Some(since) => Some(now() - since),
            None => self
                .within
                .map(|within| within.saturating_add(now() - lost)),
        };
        let mut scan = Scan::new(&self.name, within, &headers);
        let count = first.workflows.len();
        let is_all = count < PER_PAGE && first.total == Some(count as u64);
        for run in first.workflows {
            match scan.see(&run) {
                Seen::This => return Ok(Look::Found(Box::new(run))),
                Seen::Older => return Ok(Look::Absent),
                Seen::Other => {}
            }
        }
        if is_all {
            return Ok(Look::Absent);
        }
        // From the beginning, and each page overlapping with the one before: the list may grow meanwhile.
        let mut scan = Scan::new(&self.name, within, &headers);
        let mut runs = self.workflows.list().items();
        let mut seen = 0;
        while let Some(run) = runs.try_next().await? {
            match scan.see(&run) {
                Seen::This => return Ok(Look::Found(Box::new(run))),
                Seen::Older => return Ok(Look::Absent),
                Seen::Other => seen += 1,
            }
            if seen == MOST_LOOKED_AT {
                return Ok(Look::TooMany);
            }
        }
        Ok(Look::Absent)
    }
}

enum Look {
    Absent,
    Found(Box<WorkflowSummary>),
    TooMany,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default, deserialize_with = "null::or_default")]
    workflows: Vec<WorkflowSummary>,
    #[serde(default)]
    total: Option<u64>,
}

/// The newest runs, and when that was.
async fn first_page(client: &Client) -> Result<(HeaderMap, Page), Error> {
    let request = client.get("/v1/workflow").query("page", 1);
    let request = request.query("per_page", PER_PAGE);
    // A copy of what the list was would not have it.
    let response = request.header(CACHE_CONTROL, NO_CACHE).send().await?;
    let headers = response.headers().clone();
    Ok((headers, response.json().await?))
}

impl IntoFuture for Adopt {
    type Output = Result<Option<WorkflowSummary>, Error>;
    type IntoFuture = AdoptFuture;

    fn into_future(self) -> AdoptFuture {
        AdoptFuture(Box::pin(self.run()))
    }
}

impl Future for AdoptFuture {
    type Output = Result<Option<WorkflowSummary>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for AdoptFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdoptFuture").finish_non_exhaustive()
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the shell")]
fn now() -> Instant {
    Instant::now()
}

const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const PER_PAGE: usize = 100;
const MOST_LOOKED_AT: usize = 2_000;
/// Two minutes that the edge waits, and one more.
pub(crate) const SETTLE: Duration = Duration::from_secs(180);
