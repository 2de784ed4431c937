//! That the gateway stops, told to all that must know.

use tokio::sync::watch;

#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Sender<bool>);

impl Stop {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(crate) fn begin(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when the stop begins.
    pub(crate) fn begun(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut seen = self.0.subscribe();
        async move {
            // The sender has gone with the gateway: there is nothing to stop.
            if seen.wait_for(|begun| *begun).await.is_err() {
                std::future::pending().await
            }
        }
    }
}
