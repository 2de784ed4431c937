//! `/v1/managed-runner`

use std::fmt;

use comfycontrol::{Client, Error, path_segments};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::list::List;
use crate::object::read_object;
use crate::pagination::read_list;
use crate::text_enum::text_enum;
use crate::{Api, ManagedRunnerId, RunnerStats, RunnerStatus, WorkflowSummary, null, shown};

impl Api {
    /// The managed runners that are open to the account.
    #[must_use]
    pub fn managed_runners(&self) -> ManagedRunners {
        ManagedRunners {
            client: self.client().clone(),
        }
    }
}

/// The managed runners that are open to the account: ComfyUI servers of the service itself.
///
/// All calls fail with 403 on a tier that has none. Cheap to clone. Made by
/// [`Api::managed_runners`].
///
/// ```no_run
/// # async fn run(api: comfycontrol_api::Api) -> Result<(), comfycontrol::Error> {
/// let runners = api.managed_runners();
/// for runner in runners.list().page(1).await?.items {
///     let stats = runners.stats(&runner.id).await?;
///     println!("{}: {} devices", runner.name, stats.devices.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ManagedRunners {
    client: Client,
}

impl ManagedRunners {
    /// Lists the managed runners that are active.
    pub fn list(&self) -> List<ManagedRunner> {
        List::new(self.client.clone(), "/v1/managed-runner", "runners")
    }

    /// Reads one managed runner.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](comfycontrol::RequestBuilder::send); 404 if there is none that
    /// the tier may use.
    pub async fn get(&self, id: &ManagedRunnerId) -> Result<ManagedRunner, Error> {
        let path = path_segments(["v1", "managed-runner", id.as_str()])?;
        read_object(self.client.get(path).send().await?).await
    }

    /// Reads what the runner says of its machine.
    ///
    /// The API calls the runner itself, so this takes as long as the runner does.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); 500 if the runner cannot be reached.
    pub async fn stats(&self, id: &ManagedRunnerId) -> Result<RunnerStats, Error> {
        let path = path_segments(["v1", "managed-runner", id.as_str(), "stats"])?;
        read_object(self.client.get(path).send().await?).await
    }

    /// Reads the last workflows of the account that ran on the runner: 10 at most, newest first.
    /// The bounds of the response are those of [`Workflows::outputs`](crate::Workflows::outputs).
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn history(&self, id: &ManagedRunnerId) -> Result<Vec<WorkflowSummary>, Error> {
        let path = path_segments(["v1", "managed-runner", id.as_str(), "history"])?;
        let response = self.client.get(path).send().await?;
        Ok(read_list(response, None).await?.0)
    }
}

/// A ComfyUI server of the service itself.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ManagedRunner {
    /// The id of the runner.
    pub id: ManagedRunnerId,
    /// The name of the runner.
    #[serde(deserialize_with = "null::or_default")]
    pub name: String,
    /// The tier it is for.
    pub runner_type: ManagedRunnerType,
    /// Whether the runner gets workflows.
    pub status: RunnerStatus,
    /// What it offers: a workflow goes to a runner that has all of its tags.
    #[serde(deserialize_with = "null::or_default")]
    pub tags: Vec<String>,
    /// When the runner was added.
    pub created_at: Option<Timestamp>,
    /// When the runner was last changed.
    pub updated_at: Option<Timestamp>,
}

text_enum! {
    /// The tier that a managed runner is for.
    ManagedRunnerType {
        /// Plus.
        Plus = "plus",
        /// Pro.
        Pro = "pro",
    }
}

impl fmt::Debug for ManagedRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagedRunner")
            .field("id", &self.id)
            .field("name", &shown::text(&self.name))
            .field("runner_type", &self.runner_type)
            .field("status", &self.status)
            .field("tags", &shown::list(&self.tags))
            .field("created_at", &self.created_at)
            .field("updated_at", &self.updated_at)
            .finish()
    }
}
