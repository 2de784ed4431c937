use comfycontrol::Client;

use crate::{Downloader, Paginator, WorkflowUpdates};

/// The endpoints of the API with their types, called by one client.
///
/// Cheap to clone; clones share the client, and with it connections, limiter, token and retry
/// budget. See the [crate docs](crate) for an example.
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
    /// The server closes such a stream after some minutes, whether or not the run has ended. After
    /// 2 s the state is asked for, the stream is opened again, and the updates go on: two requests
    /// each time, and no update twice. The same happens with a stream
    ///
    /// * that breaks off,
    /// * that has an event of more than 1 MiB, or a state that cannot be read,
    /// * in which no state has come for 30 s, or only [unknown](crate::WorkflowStatus::Unknown)
    ///   ones, or
    /// * that cannot be opened for a reason that may pass: a 429, a 5xx, no connection.
    ///
    /// The pause grows up to 30 s, and is at least the server's `Retry-After`. Where there are no
    /// events (404, 405, 406, another content type, or twice in a row nothing in a stream), the
    /// state is asked for every 2 s, and less often, up to every 10 s, while it stays the same. The
    /// client's total timeout does not count for streams.
    ///
    /// The updates end after the first [terminal](crate::WorkflowUpdate::is_terminal) update;
    /// without one, only an error ends them. **A run that fails ends with an update too**:
    /// [`error_for_status`](crate::WorkflowUpdate::error_for_status) makes it an error. An event
    /// that is not a state of the run is passed over, and so is an event with a name of its own
    /// whose state is unknown.
    ///
    /// # Errors
    ///
    /// An error is the last item. It comes if the API refuses (another 4xx, also for the run
    /// itself). A state that cannot be read is asked for again. An error also comes, with the last
    /// failure, once [5 minutes](crate::WorkflowUpdates::give_up_after) have passed in which
    /// nothing was heard of the run but unknown states in events, or the same unknown state when it
    /// was asked for: the run may still be going on then. The API's error in an event, with the
    /// server's message, is a failure like the same response.
    ///
    /// ```no_run
    /// # async fn run(api: comfycontrol_api::Api) -> Result<(), comfycontrol::Error> {
    /// use futures_util::TryStreamExt;
    ///
    /// let mut updates = api.subscribe("550e8400-e29b-41d4-a716-446655440000");
    /// while let Some(update) = updates.try_next().await? {
    ///     println!("{update}");
    ///     update.error_for_status()?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
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
