//! A counter over a window that the first request opens.

/// A window of W that begins with the first request after the last one.
#[derive(Debug)]
pub(crate) struct WindowFromFirst {
    window: u64,
    start: Option<u64>,
    current: u128,
}

impl WindowFromFirst {
    pub(super) fn new(window: u64) -> Self {
        Self {
            window,
            start: None,
            current: 0,
        }
    }

    pub(super) fn load(&mut self, now: u64) -> u128 {
        self.expire(now);
        (self.current + 1) * u128::from(self.window)
    }

    pub(super) fn count(&mut self, now: u64) {
        self.expire(now);
        self.start.get_or_insert(now);
        self.current += 1;
    }

    fn expire(&mut self, now: u64) {
        if self.start.is_some_and(|start| now - start >= self.window) {
            self.start = None;
            self.current = 0;
        }
    }
}
