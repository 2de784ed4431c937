//! Finding a run whose creation was not responded to.

mod in_doubt;
mod looks;
mod moment;
mod scan;
mod wanted;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use comfycontrol::{Client, Error, ErrorKind};
use futures_util::TryStreamExt;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};
use tokio::time::{Instant, sleep_until};

use self::looks::Looks;
use self::scan::{Scan, Seen};
use self::wanted::Wanted;
use crate::pagination::read_list;
use crate::{WorkflowSummary, Workflows};

pub use self::in_doubt::RunInDoubt;
pub(crate) use self::in_doubt::Why;
pub(crate) use self::moment::Moment;

/// Finds the run of a name, after the response to its creation was lost: sends nothing that starts
/// one.
///
/// The API has no key that tells. The name is free, kept and shown in lists: give each run a name
/// of its own, as [`Api::run`](crate::Api::run) does.
///
/// Made by [`Workflows::adopt`], and awaited: `Some` is the run, and `None` says that there
/// certainly is none. An error, with [`RunInDoubt`] as its cause, says that it cannot be known.
///
/// # What is certain
///
/// A request whose response was lost may still be on its way: in a buffer of this machine, at the
/// edge, which waits up to two minutes for the API (Cloudflare, "Error 524"), or in the API, which
/// is at work. Therefore the list is read at once, and again with growing pauses, until a read that
/// [begins three minutes](Self::settle_after) later has not found the run either. `None` rests on
/// one condition: the API lists each run by then, with its name as it was given. If the name ends
/// with a [key](crate::Run::key) in brackets, a run that has the key and another name may be it:
/// then it is not known. The list is read newest first up to its end, to runs that are too old, or
/// past the 2,000th run: then it is not known. [`created_within`](Self::created_within) says by
/// which clock a run is too old.
///
/// Each read costs a request, a long list one for each 100 runs and one more.
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
    /// Whether the key in the name is that of no other run.
    by_key: bool,
    settle: Duration,
    /// When it was created at the earliest; otherwise so long ago.
    since: Option<Moment>,
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
            by_key: false,
            settle: SETTLE,
            since: None,
            within: None,
        }
    }
}

impl Adopt {
    /// Sets how long after now the request may still start the run. The default is 3 minutes; with
    /// zero, for a program that has ended long ago, the list is read once.
    pub fn settle_after(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// Says that the request was not sent earlier than so long ago: older runs need not be read.
    /// Unless set, the list is read to its end.
    ///
    /// The server's clock, which comes with the list, decides whether a run is too old, with a
    /// minute more. The time that passes from now on is added, also while the machine is suspended.
    pub fn created_within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }

    pub(crate) fn created_since(mut self, moment: Moment) -> Self {
        self.since = Some(moment);
        self
    }

    /// Takes whatever ends with the key of the name as the run.
    pub(crate) fn by_key(mut self) -> Self {
        self.by_key = true;
        self
    }

    async fn run(self) -> Result<Option<WorkflowSummary>, Error> {
        let lost = moment();
        let mut looks = Looks::new(lost.steady(), self.settle);
        let mut has_alike = false;
        while let Some(at) = looks.next(now()) {
            sleep_until(at).await;
            match self.look(lost).await {
                Ok(Look::Found(run)) => return Ok(Some(*run)),
                Ok(Look::Absent) => has_alike = false,
                // The one itself may be listed yet.
                Ok(Look::Alike) => has_alike = true,
                Ok(Look::TooMany) => {
                    return Err(RunInDoubt::of(&self.name, Why::TooMany(MOST_LOOKED_AT)));
                }
                Err(e) if may_pass(&e) && looks.failed(now()) => {}
                Err(e) => return Err(RunInDoubt::of(&self.name, Why::List(e))),
            }
        }
        match has_alike {
            true => Err(RunInDoubt::of(&self.name, Why::Alike)),
            false => Ok(None),
        }
    }

    /// Reads the list once, as far as needed.
    async fn look(&self, lost: Moment) -> Result<Look, Error> {
        let first = first_page(self.workflows.client()).await?;
        let headers = &first.headers;
        let within = match self.since {
            Some(since) => Some(since.elapsed(moment())),
            None => self
                .within
                .map(|within| within.saturating_add(lost.elapsed(moment()))),
        };
        let wanted = Wanted::new(&self.name, self.by_key);
        let mut scan = Scan::new(wanted, within, headers);
        let count = first.runs.len();
        let is_all = count < PER_PAGE && first.total == Some(count as u64);
        for run in first.runs {
            match scan.see(&run) {
                Seen::This => return Ok(Look::Found(Box::new(run))),
                Seen::Older => return Ok(Look::without(&scan)),
                Seen::Other => {}
            }
        }
        if is_all {
            return Ok(Look::without(&scan));
        }
        // From the beginning, and each page overlapping with the one before: the list may grow
        // meanwhile.
        let mut scan = Scan::new(wanted, within, headers);
        let mut runs = self.workflows.list().items();
        let mut seen = 0;
        while let Some(run) = runs.try_next().await? {
            if seen == MOST_LOOKED_AT {
                return Ok(Look::TooMany);
            }
            match scan.see(&run) {
                Seen::This => return Ok(Look::Found(Box::new(run))),
                Seen::Older => return Ok(Look::without(&scan)),
                Seen::Other => seen += 1,
            }
        }
        Ok(Look::without(&scan))
    }
}

enum Look {
    Absent,
    Alike,
    Found(Box<WorkflowSummary>),
    TooMany,
}

impl Look {
    /// The list has ended, or what follows is too old.
    fn without(scan: &Scan<'_>) -> Self {
        match scan.has_alike() {
            true => Self::Alike,
            false => Self::Absent,
        }
    }
}

/// A list that is cut off, or something else in its place, is like one that is away: reading it
/// again changes nothing.
fn may_pass(error: &Error) -> bool {
    error.is_retryable() || error.kind() == ErrorKind::Decode
}

/// The newest runs, and when that was.
struct FirstPage {
    headers: HeaderMap,
    runs: Vec<WorkflowSummary>,
    total: Option<u64>,
}

async fn first_page(client: &Client) -> Result<FirstPage, Error> {
    let request = client.get("/v1/workflow").query("page", 1);
    let request = request.query("per_page", PER_PAGE);
    // A copy of what the list was would not have it.
    let response = request.header(CACHE_CONTROL, NO_CACHE).send().await?;
    let headers = response.headers().clone();
    // A page without its list is not an empty one.
    let (runs, total) = read_list(response, Some("workflows")).await?;
    Ok(FirstPage {
        headers,
        runs,
        total,
    })
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

/// By both clocks.
#[expect(clippy::disallowed_methods, reason = "this is the shell")]
pub(crate) fn moment() -> Moment {
    Moment::new(Instant::now(), SystemTime::now())
}

const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const PER_PAGE: usize = 100;
const MOST_LOOKED_AT: usize = 2_000;
/// Two minutes that the edge waits, and one more.
pub(crate) const SETTLE: Duration = Duration::from_secs(180);
