use tokio::sync::watch;

/// The calls that are under way, on all connections.
#[derive(Clone, Debug)]
pub(super) struct UnderWay(watch::Sender<usize>);

impl UnderWay {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// A call begins, unless the server `stops`; it lasts until what this gives is dropped.
    pub(super) fn begin_unless(&self, stops: impl FnOnce() -> bool) -> Option<Begun> {
        // It counts before it looks: none is missed by a stop that begins in between.
        self.0.send_modify(|calls| *calls += 1);
        let begun = Begun(self.clone());
        (!stops()).then_some(begun)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_begins_as_the_stop_does_is_seen_by_it_or_refused() {
        let under_way = UnderWay::new();
        let seen = under_way.begin_unless(|| {
            assert_eq!(under_way.count(), 1, "a stop now would see it");
            false
        });
        assert_eq!(under_way.count(), 1);
        assert!(under_way.begin_unless(|| true).is_none());
        drop(seen);
        assert_eq!(under_way.count(), 0);
    }
}
