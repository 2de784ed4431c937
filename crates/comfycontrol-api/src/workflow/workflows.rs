//! `/v1/workflow`

use std::time::Duration;

use comfycontrol::{Client, Error, path_segments};

use crate::list::List;
use crate::object::read_object;
use crate::pagination::read_list;
use crate::{
    Api, NewWorkflow, Output, WorkflowDetail, WorkflowId, WorkflowParams, WorkflowStatus,
    WorkflowSummary, WorkflowUpdates, tracked,
};

impl Api {
    /// The workflows of the account.
    #[must_use]
    pub fn workflows(&self) -> Workflows {
        Workflows {
            client: self.client().clone(),
        }
    }
}

/// The workflows of the account: graphs that run, ran, or wait for a runner.
///
/// Cheap to clone. Made by [`Api::workflows`].
///
/// ```no_run
/// # async fn run(api: comfycontrol_api::Api) -> Result<(), Box<dyn std::error::Error>> {
/// use comfycontrol_api::{NewWorkflow, WorkflowParams};
/// use futures_util::TryStreamExt;
///
/// let workflows = api.workflows();
/// let new = NewWorkflow::new("Sunset", std::fs::read("graph.json")?)
///     .tag("gpu-a100")
///     .text("prompt", "a beautiful sunset")
///     .choice("sampler", "euler");
/// let run = workflows.create(new).await?;
///
/// let mut updates = workflows.subscribe(&run.id);
/// while let Some(update) = updates.try_next().await? {
///     println!("{update}");
///     update.error_for_status()?; // a run that has failed
/// }
/// for output in workflows.outputs(&run.id).await? {
///     let file = api.downloader().get(&output.src).send().await?.bytes().await?;
///     println!("{}: {} bytes", output.id, file.len());
/// }
///
/// let again = WorkflowParams::new().text("prompt", "a grey dawn");
/// let again = workflows.rerun(&run.id, again).await?;
/// assert_ne!(again.id, run.id);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Workflows {
    client: Client,
}

impl Workflows {
    /// Lists the workflows.
    pub fn list(&self) -> List<WorkflowSummary> {
        List::new(self.client.clone(), "/v1/workflow", "workflows")
    }

    /// Reads one workflow with its graph, its parameters and why it failed.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](comfycontrol::RequestBuilder::send); 404 if the account has no
    /// such workflow.
    pub async fn get(&self, id: &WorkflowId) -> Result<WorkflowDetail, Error> {
        let path = path_segments(["v1", "workflow", id.as_str()])?;
        self.client.get(path).send().await?.json().await
    }

    /// Creates a workflow and starts it.
    ///
    /// The API knows no key that would make this safe to repeat: after a lost response the workflow
    /// may run, and sending it again may start a second. The client sends it again only where the
    /// first certainly did nothing; [`adopt`](Self::adopt) finds out, and [`Api::run`] does all of
    /// it.
    ///
    /// # Errors
    ///
    /// Fails with an [`InvalidField`](crate::InvalidField) or an unreadable file before anything is
    /// sent, and as [`RequestBuilder::send`](comfycontrol::RequestBuilder::send).
    pub async fn create(&self, workflow: NewWorkflow) -> Result<WorkflowSummary, Error> {
        workflow.validate()?;
        let request = self.client.post("/v1/workflow");
        let request = request.multipart(workflow.into_form().await?);
        read_object(request.send().await?).await
    }

    /// Runs a workflow once more under a new id, with other values for these parameters.
    ///
    /// Name, tags and graph are those of the original. What is said of [`create`](Self::create) and
    /// lost responses holds here too.
    ///
    /// # Errors
    ///
    /// Fails with an [`InvalidField`](crate::InvalidField) before anything is sent, and as
    /// [`get`](Self::get).
    pub async fn rerun(
        &self,
        id: &WorkflowId,
        params: WorkflowParams,
    ) -> Result<WorkflowSummary, Error> {
        params.validate()?;
        let path = path_segments(["v1", "workflow", id.as_str(), "rerun"])?;
        let request = self.client.post(path).multipart(params.into_form().await?);
        read_object(request.send().await?).await
    }

    /// Cancels a workflow that is queued or running. It takes effect after some seconds; a run that
    /// ends before stays as it ended.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); 400 in any other state, 500 if the runner cannot be reached.
    pub async fn cancel(&self, id: &WorkflowId) -> Result<(), Error> {
        let path = path_segments(["v1", "workflow", id.as_str(), "cancel"])?;
        self.client.post(path).send().await.map(drop)
    }

    /// Reads the outputs of a completed workflow, each with a link that is good for some minutes.
    ///
    /// They come in one response. Of it are read at most 100,000 outputs with 1,000,000 values, of
    /// which each output is some 30 ([`PageTooLarge`](crate::PageTooLarge) says how they are
    /// counted), and as many bytes as the client's
    /// [`max_response_body`](comfycontrol::ClientBuilder::max_response_body) allows.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); 404 if it is not completed, and perhaps if it has no outputs: the
    /// documentation says both that and an empty list.
    pub async fn outputs(&self, id: &WorkflowId) -> Result<Vec<Output>, Error> {
        self.outputs_told(id, |_, _| {}).await
    }

    /// As [`outputs`](Self::outputs), and tells what it waits for.
    pub(crate) async fn outputs_told(
        &self,
        id: &WorkflowId,
        tell: impl Fn(usize, Duration),
    ) -> Result<Vec<Output>, Error> {
        let path = path_segments(["v1", "workflow", id.as_str(), "outputs"])?;
        let told = tracked::send(self.client.get(path), tell).await;
        Ok(read_list(told?, None).await?.0)
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Streams the updates of a workflow until it has ended, as [`Api::subscribe`].
    pub fn subscribe(&self, id: &WorkflowId) -> WorkflowUpdates {
        WorkflowUpdates::of(self.client.clone(), id.as_str())
    }
}

impl List<WorkflowSummary> {
    /// Lists the workflows of this status alone. The API documents this for completed, running,
    /// queued, failed and cancelled.
    pub fn status(self, status: WorkflowStatus) -> Self {
        self.filter("status", status.as_str())
    }
}
