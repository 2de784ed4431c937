//! One direction of a link: when what has been put in comes out.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

#[derive(Debug)]
pub(super) struct Line {
    delay: Duration,
    bandwidth: Option<u64>,
    /// When the last byte has left.
    free_at: Option<Instant>,
    under_way: VecDeque<(Instant, Bytes)>,
    bytes: usize,
}

impl Line {
    pub(super) fn new(delay: Duration, bandwidth: Option<u64>) -> Self {
        Self {
            delay,
            bandwidth,
            free_at: None,
            under_way: VecDeque::new(),
            bytes: 0,
        }
    }

    pub(super) fn put(&mut self, bytes: Bytes, now: Instant) {
        let begins = self.free_at.map_or(now, |free_at| free_at.max(now));
        let takes = self.bandwidth.map_or(Duration::ZERO, |bandwidth| {
            Duration::from_secs_f64(bytes.len() as f64 / bandwidth as f64)
        });
        self.free_at = Some(begins + takes);
        self.bytes += bytes.len();
        self.under_way
            .push_back((begins + takes + self.delay, bytes));
    }

    /// Whether more may be put in: what the way holds, and a queue before it.
    pub(super) fn has_room(&self) -> bool {
        let holds = self.bandwidth.map_or(MOST, |bandwidth| {
            (bandwidth as f64 * self.delay.as_secs_f64()) as usize
        });
        self.bytes < (holds + QUEUE).min(MOST)
    }

    /// When something comes out next.
    pub(super) fn due(&self) -> Option<Instant> {
        self.under_way.front().map(|(due, _)| *due)
    }

    /// What comes out now.
    pub(super) fn take(&mut self, now: Instant) -> Option<Bytes> {
        self.due().filter(|due| *due <= now)?;
        let (_, bytes) = self.under_way.pop_front()?;
        self.bytes -= bytes.len();
        Some(bytes)
    }
}

/// What waits for its turn, as in a router.
const QUEUE: usize = 1 << 20;
/// What is held at most.
const MOST: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::now;

    #[test]
    fn bytes_come_out_in_order_after_the_delay_at_the_bandwidth() {
        let (began, ms) = (now(), Duration::from_millis);
        let mut line = Line::new(ms(50), Some(1_000));
        line.put(Bytes::from(vec![1; 100]), began);
        line.put(Bytes::from(vec![2; 100]), began);
        assert_eq!(line.due(), Some(began + ms(150)));
        assert_eq!(line.take(began + ms(149)), None);
        assert_eq!(line.take(began + ms(150)).unwrap()[0], 1);
        assert_eq!(line.take(began + ms(249)), None);
        assert_eq!(line.take(began + ms(250)).unwrap()[0], 2);
        // A line that has rested has saved nothing up.
        let later = began + ms(10_000);
        line.put(Bytes::from(vec![3; 100]), later);
        assert_eq!(line.due(), Some(later + ms(150)));
    }

    #[test]
    fn no_more_is_held_than_the_way_holds_and_a_queue() {
        let mut line = Line::new(Duration::from_millis(50), Some(20 << 20));
        let mut held = 0;
        while line.has_room() {
            line.put(Bytes::from(vec![0; 1 << 16]), now());
            held += 1 << 16;
        }
        assert!((2 << 20..3 << 20).contains(&held), "{held}");
    }
}
