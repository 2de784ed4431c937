//! `/v1/runner`

mod headers;
mod model;
mod request;
mod stats;

use comfycontrol::{Client, Error, path_segments};

use crate::list::List;
use crate::object::read_object;
use crate::pagination::read_list;
use crate::{Api, RunnerId, WorkflowSummary};

pub use self::headers::RunnerHeaders;
pub use self::model::{Runner, RunnerStatus};
pub use self::request::{NewRunner, RunnerUpdate};
pub use self::stats::{Device, RunnerStats, SystemStats};

impl Api {
    /// The runners of the account.
    #[must_use]
    pub fn runners(&self) -> Runners {
        Runners {
            client: self.client().clone(),
        }
    }
}

/// The runners of the account: your own ComfyUI servers.
///
/// Cheap to clone. Made by [`Api::runners`].
///
/// ```no_run
/// # async fn run(api: comfycontrol_api::Api) -> Result<(), comfycontrol::Error> {
/// use comfycontrol_api::{NewRunner, RunnerStatus, RunnerUpdate};
///
/// let runners = api.runners();
/// let new = NewRunner::new("desk", "https://comfy.example.com")
///     .tag("gpu-a100")
///     .header("Authorization", "Bearer secret");
/// let runner = runners.create(&new).await?;
///
/// let pause = RunnerUpdate::new().status(RunnerStatus::Disabled);
/// runners.update(&runner.id, &pause).await?;
/// for workflow in runners.history(&runner.id).await? {
///     println!("{} {}", workflow.name, workflow.status);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Runners {
    client: Client,
}

impl Runners {
    /// Lists the runners.
    pub fn list(&self) -> List<Runner> {
        List::new(self.client.clone(), "/v1/runner", "runners")
    }

    /// Reads one runner.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](comfycontrol::RequestBuilder::send); 404 if the account has no
    /// such runner.
    pub async fn get(&self, id: &RunnerId) -> Result<Runner, Error> {
        let path = path_segments(["v1", "runner", id.as_str()])?;
        read_object(self.client.get(path).send().await?).await
    }

    /// Adds a runner; it is active at once.
    ///
    /// # Errors
    ///
    /// Fails with an [`InvalidField`](crate::InvalidField) before anything is sent, and as
    /// [`RequestBuilder::send`](comfycontrol::RequestBuilder::send); 403 if the tier allows no
    /// more.
    pub async fn create(&self, runner: &NewRunner) -> Result<Runner, Error> {
        runner.validate()?;
        let request = self.client.post("/v1/runner").json(runner);
        read_object(request.send().await?).await
    }

    /// Changes a runner; what the update does not set stays.
    ///
    /// # Errors
    ///
    /// Fails with an [`InvalidField`](crate::InvalidField) before anything is sent, and as
    /// [`get`](Self::get).
    pub async fn update(&self, id: &RunnerId, update: &RunnerUpdate) -> Result<Runner, Error> {
        update.validate()?;
        let path = path_segments(["v1", "runner", id.as_str()])?;
        let request = self.client.put(path).json(update);
        read_object(request.send().await?).await
    }

    /// Stops what the runner executes now. Its workflow ends cancelled or failed.
    ///
    /// The API calls the runner itself, so this takes as long as the runner does.
    /// [`Workflows::cancel`](crate::Workflows::cancel) stops one workflow alone.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); 500 if the runner cannot be reached.
    pub async fn interrupt(&self, id: &RunnerId) -> Result<(), Error> {
        let path = path_segments(["v1", "runner", id.as_str(), "interrupt"])?;
        self.client.post(path).send().await.map(drop)
    }

    /// Reads what the runner says of its machine.
    ///
    /// The API calls the runner itself, so this takes as long as the runner does.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); 500 if the runner cannot be reached.
    pub async fn stats(&self, id: &RunnerId) -> Result<RunnerStats, Error> {
        let path = path_segments(["v1", "runner", id.as_str(), "stats"])?;
        read_object(self.client.get(path).send().await?).await
    }

    /// Reads the last workflows that ran on the runner: 10 at most, newest first.
    /// The bounds of the response are those of [`Workflows::outputs`](crate::Workflows::outputs).
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn history(&self, id: &RunnerId) -> Result<Vec<WorkflowSummary>, Error> {
        let path = path_segments(["v1", "runner", id.as_str(), "history"])?;
        let response = self.client.get(path).send().await?;
        Ok(read_list(response, None).await?.0)
    }
}

impl List<Runner> {
    /// Lists the runners of this status alone.
    pub fn status(self, status: RunnerStatus) -> Self {
        self.filter("status", status.as_str())
    }
}
