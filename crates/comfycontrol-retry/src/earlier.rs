use crate::failure::Failure;

/// The last failure of a call that a later one must know.
pub(crate) struct Earlier<E>(Option<E>);

impl<E> Earlier<E> {
    pub(crate) fn none() -> Self {
        Self(None)
    }
}

impl<E: Failure> Earlier<E> {
    /// Makes the failure of the newest attempt speak for those before it.
    pub(crate) fn complete(&mut self, newest: &mut E) {
        if let Some(earlier) = self.0.take() {
            newest.follow(earlier);
        }
    }

    /// Keeps a failure after which the call is made again.
    pub(crate) fn keep(&mut self, failed: &mut E) {
        self.0 = failed.take_for_later();
    }
}
