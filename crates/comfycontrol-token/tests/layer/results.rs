use std::collections::VecDeque;
use std::sync::Mutex;

/// What the readings of a source are to come to, one after the other, and the last again and again.
pub(crate) struct Results(Mutex<VecDeque<&'static str>>);

impl Results {
    pub(crate) fn new<const N: usize>(results: [&'static str; N]) -> Self {
        Self(Mutex::new(results.into()))
    }

    pub(crate) fn next(&self) -> &'static str {
        let mut results = self.0.lock().unwrap();
        let next = results.pop_front().unwrap();
        if results.is_empty() {
            results.push_back(next);
        }
        next
    }
}
