//! How many event streams there may be. Pure.

use std::time::Duration;

use tokio::time::Instant;

/// Who has a place. One whose reader does not read loses it to who comes.
#[derive(Debug)]
pub(crate) struct Streams {
    at_most: usize,
    /// Each with its number, and when it was read last.
    open: Vec<(u64, Instant)>,
    next: u64,
}

impl Streams {
    /// How long a stream without a reader keeps its place when others want it.
    pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

    pub(crate) fn new(at_most: usize) -> Self {
        Self {
            at_most,
            open: Vec::new(),
            next: 0,
        }
    }

    /// The number of a new stream; `None` if there are as many as may be.
    pub(crate) fn open(&mut self, now: Instant) -> Option<u64> {
        if self.open.len() >= self.at_most {
            let idle = |at: &Instant| now.saturating_duration_since(*at) > Self::IDLE_TIMEOUT;
            let index = self.open.iter().position(|(_, at)| idle(at))?;
            self.open.swap_remove(index);
        }
        let number = self.next;
        self.next += 1;
        self.open.push((number, now));
        Some(number)
    }

    /// The stream is read; returns whether it still has its place.
    pub(crate) fn read(&mut self, now: Instant, number: u64) -> bool {
        let open = self.open.iter_mut().find(|(open, _)| *open == number);
        open.map(|(_, at)| *at = now).is_some()
    }

    pub(crate) fn close(&mut self, number: u64) {
        self.open.retain(|(open, _)| *open != number);
    }

    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use comfycontrol_test::{MILLISECOND, now};

    #[test]
    fn there_are_no_more_than_may_be_and_who_goes_makes_room() {
        let (mut streams, now) = (Streams::new(2), now());
        let (first, second) = (streams.open(now).unwrap(), streams.open(now).unwrap());
        assert_eq!(streams.open(now), None);
        assert!(streams.read(now, first) && streams.read(now, second));
        streams.close(first);
        streams.close(first);
        let third = streams.open(now).unwrap();
        assert!(!streams.read(now, first) && streams.read(now, third));
        assert_eq!((streams.open(now), streams.len()), (None, 2));
    }

    #[test]
    fn one_without_a_reader_makes_room_for_who_comes() {
        let (mut streams, start) = (Streams::new(2), now());
        let (stalled, read) = (streams.open(start).unwrap(), streams.open(start).unwrap());
        let later = start + Streams::IDLE_TIMEOUT;
        assert!(streams.read(later, read));
        assert_eq!(streams.open(later), None);
        let later = later + MILLISECOND;
        assert!(streams.open(later).is_some());
        assert!(!streams.read(later, stalled), "its place is another's");
        assert!(streams.read(later, read));
    }

    #[test]
    fn with_no_place_there_is_none() {
        assert_eq!(Streams::new(0).open(now()), None);
    }
}
