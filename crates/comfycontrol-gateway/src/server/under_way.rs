use tokio::sync::watch;

/// The calls that are under way, on all connections.
#[derive(Clone, Debug)]
pub(super) struct UnderWay(watch::Sender<usize>);

impl UnderWay {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// A call begins; it lasts until what this gives is dropped.
    pub(super) fn begin(&self) -> Begun {
        self.0.send_modify(|calls| *calls += 1);
        Begun(self.clone())
    }

    pub(super) fn count(&self) -> usize {
        *self.0.borrow()
    }

    /// Ends when there is none.
    pub(super) fn over(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut seen = self.0.subscribe();
        async move {
            // The sender has gone: so has the server.
            _ = seen.wait_for(|calls| *calls == 0).await;
        }
    }
}

#[derive(Debug)]
pub(super) struct Begun(UnderWay);

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.0.send_modify(|calls| *calls -= 1);
    }
}
