//! Starting a run once, whatever happens to the responses.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use comfycontrol::{Applied, Body, Error, Timeouts};
use http::HeaderValue;
use http::header::CONTENT_TYPE;

use super::noted::{Failed, Note, noted};
use super::progress::RunProgress;
use crate::adopt::{RunInDoubt, Why, moment};
use crate::object::read_object;
use crate::{Adopt, NewWorkflow, WorkflowSummary, Workflows, tracked};

/// Is told how far a run is.
pub(super) type Tell = Arc<dyn Fn(&RunProgress) + Send + Sync>;

/// A run that is to be started.
pub(super) struct Start {
    workflows: Workflows,
    name: String,
    content_type: HeaderValue,
    length: Option<u64>,
    settle: Duration,
    note: Option<Note>,
    tell: Option<Tell>,
}

/// A run that has been started.
///
/// Made by [`Run::start`](crate::Run::start).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Started {
    /// The run, as the API has shown it then.
    pub run: WorkflowSummary,
    /// Whether the response to its creation was lost, and it was found in the list.
    pub adopted: bool,
}

impl Start {
    /// Prepares to start a workflow, whose name is that of no other run, by a body.
    pub(super) async fn new(
        workflows: Workflows,
        new: NewWorkflow,
        settle: Duration,
        note: Option<Note>,
        tell: Option<Tell>,
    ) -> Result<(Self, Body), Error> {
        new.validate()?;
        let name = new.name_so_far().to_owned();
        let form = new.into_form().await?;
        let content_type = form.content_type();
        let body = form.into_body();
        let start = Self {
            workflows,
            name,
            content_type,
            length: body.content_length(),
            settle,
            note,
            tell,
        };
        Ok((start, body))
    }

    /// Finds the run if it was started before, within this time if that is known, by a request that
    /// was sent so long ago at least.
    pub(super) async fn find(
        &self,
        within: Option<Duration>,
        sent_before: Duration,
    ) -> Result<Option<Started>, Error> {
        self.tell(&RunProgress::Searching);
        let left = self.settle.saturating_sub(sent_before);
        let mut adopt = self.adopt().settle_after(left);
        if let Some(within) = within {
            adopt = adopt.created_within(within);
        }
        Ok(adopt.await?.map(adopted))
    }

    /// Starts the run: sends it, and sends it again only when it is certain that there is none.
    pub(super) async fn start(self, mut body: Body) -> Result<Started, Error> {
        let failed = Failed::default();
        if let Some(note) = self.note.clone() {
            body = noted(body, note, failed.clone());
        }
        if let Some(tell) = self.tell.clone() {
            body = told(body, tell, self.length);
        }
        let first_sent = moment();
        let mut sent = 0;
        loop {
            let again = body.try_clone();
            sent += 1;
            let lost = match self.send(body).await {
                Ok(run) if run.id.as_str().is_empty() => None,
                Ok(run) => {
                    return Ok(Started {
                        run,
                        adopted: false,
                    });
                }
                // What could not be noted did not leave.
                Err(e) if e.applied() == Applied::No || failed.is() => return Err(e),
                Err(e) => Some(e).filter(|e| e.applied() != Applied::Yes),
            };
            self.tell(&RunProgress::Searching);
            let adopt = self.adopt();
            if let Some(run) = adopt.created_since(first_sent).await? {
                return Ok(adopted(run));
            }
            let why = match lost {
                None => Why::Unlisted,
                Some(e) => match again {
                    Some(again) if sent < MOST_SENT => {
                        body = again;
                        continue;
                    }
                    _ => Why::Lost(sent, e),
                },
            };
            return Err(RunInDoubt::of(&self.name, why));
        }
    }

    fn adopt(&self) -> Adopt {
        let adopt = self.workflows.adopt(&self.name).by_key();
        adopt.settle_after(self.settle)
    }

    async fn send(&self, body: Body) -> Result<WorkflowSummary, Error> {
        let request = self.workflows.client().post("/v1/workflow").body(body);
        let request = request.header(CONTENT_TYPE, &self.content_type);
        let request = request.default_timeouts(Timeouts::upload());
        let Some(tell) = &self.tell else {
            return read_object(request.send().await?).await;
        };
        let told = tracked::send(request, |ahead, wait| {
            tell(&RunProgress::Waiting { ahead, wait });
        });
        read_object(told.await?).await
    }

    fn tell(&self, progress: &RunProgress) {
        if let Some(tell) = &self.tell {
            tell(progress);
        }
    }
}

fn adopted(run: WorkflowSummary) -> Started {
    let adopted = true;
    Started { run, adopted }
}

/// The same body, which tells how much of it has left.
fn told(body: Body, tell: Tell, length: Option<u64>) -> Body {
    let sent = AtomicU64::new(0);
    body.on_progress(move |bytes| {
        let before = sent.fetch_add(bytes, Ordering::Relaxed);
        let sent = before + bytes;
        tell(&RunProgress::Uploading { sent, length });
    })
}

/// Each of them lost, and none of them done.
const MOST_SENT: u32 = 4;
