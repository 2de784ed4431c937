use std::fmt;

use comfycontrol::{Error, path_segments};
use futures_util::TryStreamExt;
use http::{Method, StatusCode};

use super::progress::RunProgress;
use super::start::{Started, Tell};
use crate::{Output, WorkflowId, WorkflowUpdate, WorkflowUpdates, Workflows, shown};

/// A run that is completed.
///
/// Made by [`Run`](crate::Run) and [`Workflows::outcome`].
#[derive(Clone)]
pub struct Outcome {
    #[cfg(feature = "fs")]
    workflows: Workflows,
    id: WorkflowId,
    name: String,
    adopted: bool,
    last: WorkflowUpdate,
}

impl Outcome {
    /// The id of the run.
    #[must_use]
    pub fn id(&self) -> &WorkflowId {
        &self.id
    }

    /// The name of the run, as lists show it; empty if it was followed by its
    /// [id](Workflows::outcome).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The outputs of the run, each with a link that is good for some minutes.
    #[must_use]
    pub fn outputs(&self) -> &[Output] {
        &self.last.outputs
    }

    /// The last state of the run.
    #[must_use]
    pub fn update(&self) -> &WorkflowUpdate {
        &self.last
    }

    /// Whether the response to its creation was lost, and it was found in the list.
    #[must_use]
    pub fn was_adopted(&self) -> bool {
        self.adopted
    }

    /// Saves the outputs to files in a directory.
    ///
    /// # Errors
    ///
    /// Fails with a [`SaveError`](crate::SaveError) once it is awaited.
    #[cfg(feature = "fs")]
    #[cfg_attr(docsrs, doc(cfg(feature = "fs")))]
    pub fn save(&self, dir: impl Into<std::path::PathBuf>) -> crate::Save {
        let outputs = Some(self.last.outputs.clone());
        crate::Save::new(self.workflows.clone(), self.id.clone(), outputs, dir.into())
    }
}

impl Workflows {
    /// Follows a run that has been started until it is completed, as [`Api::run`](crate::Api::run)
    /// does.
    ///
    /// It gives up after 5 minutes in which nothing is heard of the run. For another bound follow
    /// it by [`subscribe`](Self::subscribe), whose updates can be told
    /// [one](WorkflowUpdates::give_up_after).
    ///
    /// # Errors
    ///
    /// Fails as [`subscribe`](Self::subscribe), and with a [`WorkflowEnded`](crate::WorkflowEnded)
    /// as cause if the run ends otherwise.
    pub async fn outcome(&self, id: &WorkflowId) -> Result<Outcome, Error> {
        let run = crate::WorkflowSummary {
            id: id.clone(),
            ..Default::default()
        };
        let adopted = false;
        follow(self, Started { run, adopted }, self.subscribe(id), None).await
    }
}

/// Follows a run to its end, which is an error unless it is completed.
pub(super) async fn follow(
    workflows: &Workflows,
    started: Started,
    mut updates: WorkflowUpdates,
    tell: Option<Tell>,
) -> Result<Outcome, Error> {
    let Started { run, adopted } = started;
    let path = path_segments(["v1", "workflow", run.id.as_str()])?;
    let named = |e: Error| e.with_call(&Method::GET, &path);
    let mut last = None;
    while let Some(update) = updates.try_next().await? {
        let tell = tell.as_ref();
        if let Some(tell) = tell {
            tell(&RunProgress::Update(update.clone()));
        }
        last = Some(update.error_for_status().map_err(named)?);
    }
    let mut last = last.ok_or_else(|| named(Error::in_doubt("the run has no state")))?;
    if last.outputs.is_empty() {
        // The state is the authority: an event need not have them.
        last.outputs = match workflows.outputs(&run.id).await {
            Err(e) if e.status() == Some(StatusCode::NOT_FOUND) => Vec::new(),
            outputs => outputs?,
        };
    }
    Ok(Outcome {
        #[cfg(feature = "fs")]
        workflows: workflows.clone(),
        id: run.id,
        name: run.name,
        adopted,
        last,
    })
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("id", &self.id)
            .field("name", &shown::text(&self.name))
            .field("adopted", &self.adopted)
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}
