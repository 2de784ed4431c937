//! A run in one call: from a graph to its outputs.

mod noted;
mod outcome;
mod progress;
mod start;

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use comfycontrol::Error;

use self::noted::Note;
use self::outcome::follow;
use self::start::{Start, Tell};
use crate::adopt::SETTLE;
use crate::{Api, NewWorkflow, key, shown};

pub use self::outcome::Outcome;
pub use self::progress::RunProgress;
pub use self::start::Started;

/// Starts a workflow, once, and follows it until it is completed.
///
/// Made by [`Api::run`], and awaited. Nothing is sent before.
///
/// # Never paid twice
///
/// The API has no key that makes a creation safe to repeat. So each run gets a name that no other
/// has: that of the workflow and a [key](Self::key), `Sunset [row 17]`. If the response to its
/// creation is lost, it is [looked for](crate::Workflows::adopt) under that name, and followed if
/// it is there. It is sent again, three times at most, only when it certainly is not there and
/// cannot come any more. Where that cannot be known, the error has a
/// [`RunInDoubt`](crate::RunInDoubt) as cause, and nothing is sent. Two runs of equal parameters
/// are two runs: their keys differ.
///
/// # Dropping
///
/// Dropping it ends nothing on the server: a run that has started continues, and is paid.
/// [`name`](Self::name) finds it again, and [`cancel`](crate::Workflows::cancel) ends it.
///
/// # Errors
///
/// * [`WorkflowEnded`](crate::WorkflowEnded) is the cause if the run fails, with the node and its
///   exception, if it is cancelled, or not valid; its [status](crate::WorkflowEnded::status) tells
///   them apart.
/// * [`RunInDoubt`](crate::RunInDoubt) is the cause if it is not known whether it was started.
/// * [`InvalidField`](crate::InvalidField) is the cause, and nothing was sent, if a field is out of
///   bounds.
/// * Otherwise it fails as [`Workflows::create`](crate::Workflows::create) if it was not started,
///   and as [`Workflows::subscribe`](crate::Workflows::subscribe) if it cannot be followed; then
///   the run may go on, and [`Error::call`](comfycontrol::Error::call) has its id.
///
/// ```no_run
/// # async fn run(api: comfycontrol_api::Api) -> Result<(), Box<dyn std::error::Error>> {
/// use comfycontrol_api::NewWorkflow;
///
/// let sunset = NewWorkflow::from_file("graph.json").await?
///     .text("prompt", "a beautiful sunset")
///     .file_path("photo", "photo.png");
/// let outcome = api.run(sunset).on_progress(|progress| println!("{progress}")).await?;
/// outcome.save("pictures").await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is sent until it is awaited"]
pub struct Run {
    api: Api,
    new: NewWorkflow,
    key: String,
    resumes: bool,
    within: Option<Duration>,
    sent_before: Duration,
    settle: Duration,
    give_up_after: Option<Duration>,
    note: Option<Note>,
    tell: Option<Tell>,
}

/// The future of a [`Run`].
pub struct RunFuture(Pin<Box<dyn Future<Output = Result<Outcome, Error>> + Send>>);

impl Api {
    /// Starts a workflow, once, and follows it until it is completed.
    ///
    /// # Errors
    ///
    /// Fails once it is awaited, as [`Run`] says.
    pub fn run(&self, workflow: NewWorkflow) -> Run {
        Run {
            api: self.clone(),
            new: workflow,
            key: key::random(),
            resumes: false,
            within: None,
            sent_before: Duration::ZERO,
            settle: SETTLE,
            give_up_after: None,
            note: None,
            tell: None,
        }
    }
}

impl Run {
    /// Sets the key, which no other run of the account may have. The default is a random one of 32
    /// characters. Name and key have 197 characters together at most.
    ///
    /// A key is visible ASCII without `[` and `]`, with single spaces between: a server returns it
    /// as it was sent, also where names are normalised. A run whose name ends with it in brackets
    /// is this run. One that has it elsewhere in its name may be this run, and is [in
    /// doubt](crate::RunInDoubt): do not use a word that names have as a key.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// The name that the run gets: that of the workflow, and the key.
    #[must_use]
    pub fn name(&self) -> String {
        key::named(self.new.name_so_far(), &self.key)
    }

    /// Looks for the run before anything is sent, as a program does that was started again and does
    /// not know how far it came.
    ///
    /// Where there is none, it takes [three minutes](Self::settle_after) to be certain. The list is
    /// read ten times in that time, each time with a request for each 100 runs. On an account with
    /// more than 2,000 runs it is [not known](crate::RunInDoubt), and nothing is started:
    /// [`resume_within`](Self::resume_within) reads only as far as needed.
    pub fn resume(mut self) -> Self {
        self.resumes = true;
        self
    }

    /// Looks for the run as [`resume`](Self::resume), among those created within this time before
    /// now: the earlier try must not have been sent before. It costs a request for each 100 runs of
    /// that time, ten times.
    pub fn resume_within(mut self, time: Duration) -> Self {
        self.resumes = true;
        self.within = Some(time);
        self
    }

    /// Says that the earlier try, which [`resume`](Self::resume) looks for, was sent so long ago at
    /// least.
    ///
    /// Of the [time in which it may start the run](Self::settle_after) only the rest is waited. The
    /// default is zero.
    pub fn resume_sent_before(mut self, ago: Duration) -> Self {
        self.sent_before = ago;
        self
    }

    /// Sets how long a request whose response was lost may still start the run, as
    /// [`Adopt::settle_after`](crate::Adopt::settle_after). The default is 3 minutes.
    pub fn settle_after(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// Sets how long the run is followed while nothing is heard of it, as
    /// [`WorkflowUpdates::give_up_after`](crate::WorkflowUpdates::give_up_after).
    pub fn give_up_after(mut self, silence: Duration) -> Self {
        self.give_up_after = Some(silence);
        self
    }

    /// Calls `tell` with each step: the wait for a slot, the bytes that leave, and the states of
    /// the run.
    pub fn on_progress(mut self, tell: impl Fn(&RunProgress) + Send + Sync + 'static) -> Self {
        self.tell = Some(Arc::new(tell));
        self
    }

    /// Waits for `note` before the first byte of the form leaves, each time it is sent: for a
    /// program that writes the key down, to find the run after it was killed. If `note` fails,
    /// nothing is sent.
    ///
    /// The wait for a slot of the limiter is over by then: what was not noted was never sent.
    pub fn before_sending<F>(mut self, note: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        self.note = Some(Arc::new(move || Box::pin(note())));
        self
    }

    /// Starts it, once, and does not follow it: [`Workflows::outcome`](crate::Workflows::outcome)
    /// does, or a list, which tells of a hundred runs for one request.
    ///
    /// # Errors
    ///
    /// Fails as the [run](Self#errors) if it was not started, or if it is not known whether it was.
    pub async fn start(self) -> Result<Started, Error> {
        let workflows = self.api.workflows();
        key::check(&self.key)?;
        let name = self.name();
        let (new, tell) = (self.new.name(name), self.tell);
        let start = Start::new(workflows, new, self.settle, self.note, tell.clone());
        let (start, body) = start.await?;
        let found = match self.resumes {
            true => start.find(self.within, self.sent_before).await?,
            false => None,
        };
        let started = match found {
            Some(found) => found,
            None => start.start(body).await?,
        };
        if let Some(tell) = &tell {
            let (id, adopted) = (started.run.id.clone(), started.adopted);
            tell(&RunProgress::Started { id, adopted });
        }
        Ok(started)
    }

    async fn run(self) -> Result<Outcome, Error> {
        let workflows = self.api.workflows();
        let (silence, tell) = (self.give_up_after, self.tell.clone());
        let started = self.start().await?;
        let mut updates = workflows.subscribe(&started.run.id);
        if let Some(silence) = silence {
            updates = updates.give_up_after(silence);
        }
        follow(&workflows, started, updates, tell).await
    }
}

impl IntoFuture for Run {
    type Output = Result<Outcome, Error>;
    type IntoFuture = RunFuture;

    fn into_future(self) -> RunFuture {
        RunFuture(Box::pin(self.run()))
    }
}

impl Future for RunFuture {
    type Output = Result<Outcome, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for RunFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunFuture").finish_non_exhaustive()
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("new", &self.new)
            .field("key", &shown::text(&self.key))
            .field("resumes", &self.resumes)
            .field("within", &self.within)
            .field("settle", &self.settle)
            .finish_non_exhaustive()
    }
}
