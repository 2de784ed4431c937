use comfycontrol::Client;

use crate::{Downloader, Paginator, WorkflowUpdates};

/// Reads lists, follows workflows and downloads files, by the calls of one client.
///
/// Cheap to clone; clones share the client, and with it connections, limiter, token and retry budget.
/// See the [crate docs](crate) for an example.
#[derive(Clone, Debug)]
pub struct Api {
    client: Client,
}

impl Api {
    /// Creates an API that makes its calls by `client`.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The client that makes the calls.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Prepares to read a list that comes in pages of `{"<key>": [...], "total": n}`.
    ///
    /// ```no_run
    /// # async fn run(api: comfycontrol_api::Api) -> Result<(), comfycontrol::Error> {
    /// use futures_util::TryStreamExt;
    ///
    /// let mut runners = api.paginate("/v1/runner", "runners").items::<serde_json::Value>();
    /// while let Some(runner) = runners.try_next().await? {
    ///     println!("{}", runner["name"]);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn paginate(&self, path: impl Into<String>, key: impl Into<String>) -> Paginator {
        Paginator::of(self.client.clone(), path.into(), key.into())
    }

    /// Streams the updates of a workflow until it has ended. Nothing is sent before it is polled.
    ///
    /// The server closes such a stream after some minutes whether or not the run has ended; it is
    /// opened again after 2 s, each time at the cost of one request, and the stream goes on. So is
    /// one that is silent for 30 s; the client's total timeout does not count. The updates end
    /// after the first [terminal](crate::WorkflowStatus::is_terminal) update, and without one only by an
    /// error.
    ///
    /// # Errors
    ///
    /// An error is the last item. It comes if the subscription cannot be opened, if an event is not
    /// a [`WorkflowUpdate`](crate::WorkflowUpdate), and with [`ErrorKind::Body`](comfycontrol::ErrorKind::Body) or
    /// [`ErrorKind::TimedOut`](comfycontrol::ErrorKind::TimedOut) once six streams in a row have
    /// brought nothing, or nothing but the same [unknown](crate::WorkflowStatus::Unknown) state: the run may
    /// still be going on then.
    ///
    /// ```no_run
    /// # async fn run(api: comfycontrol_api::Api) -> Result<(), comfycontrol::Error> {
    /// use futures_util::TryStreamExt;
    ///
    /// let mut updates = api.subscribe("550e8400-e29b-41d4-a716-446655440000");
    /// while let Some(update) = updates.try_next().await? {
    ///     println!("{:?}", update.status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn subscribe(&self, workflow: &str) -> WorkflowUpdates {
        WorkflowUpdates::of(self.client.clone(), workflow)
    }

    /// Creates a downloader of signed URLs: it has no token, and no limiter for other hosts.
    #[must_use]
    pub fn downloader(&self) -> Downloader {
        Downloader::of(&self.client)
    }
}

impl From<Client> for Api {
    fn from(client: Client) -> Self {
        Self::new(client)
    }
}
