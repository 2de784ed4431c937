//! What time it is in the record, as far as one process can know: no process's clock enters it.
//!
//! The record's time is what the store tells plus a *shift* that the record carries. Between two
//! readings it lies within bounds: it was told between the question and the answer, and our clock
//! measures what has passed since. For grants the lower bound counts, so that no stamp seems older
//! than it is; for stamps the upper one, so that none is too early.
//!
//! Each reading must lie within the bounds of those before. If it does not, the store's clock has
//! stepped, and the shift undoes that before anything is granted. It lands on the lower bound: the
//! record's time may lose a round trip, and never gains.

/// A moment by our own clocks, in nanoseconds. The first stands still while a machine is suspended,
/// the second may step.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Moment {
    pub(crate) monotonic: u64,
    pub(crate) wall: u64,
}

impl Moment {
    /// How long ago that was at most, as far as our clocks tell.
    pub(crate) fn longest_since(self, earlier: Self) -> u64 {
        let wall = self.wall.saturating_sub(earlier.wall);
        self.shortest_since(earlier).max(wall)
    }

    fn shortest_since(self, earlier: Self) -> u64 {
        self.monotonic.saturating_sub(earlier.monotonic)
    }
}

/// The bounds, in microseconds of the record's time.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    shift: i64,
    /// As the record had it last.
    written: i64,
    /// The time was this at least when an answer had come.
    low: Bound,
    /// It was this at most when the question was asked.
    high: Bound,
}

#[derive(Clone, Copy, Debug)]
struct Bound {
    at: Moment,
    time: u64,
}

/// When something was asked and when the answer came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) asked: Moment,
    pub(crate) answered: Moment,
}

impl Clock {
    /// Without any bounds yet: the store tells `time`, all shifts included.
    pub(crate) fn new(asked: Asked, time: u64, shift: i64) -> Self {
        let low = Bound {
            at: asked.answered,
            time,
        };
        let high = Bound {
            at: asked.asked,
            time,
        };
        Self {
            shift,
            written: shift,
            low,
            high,
        }
    }

    /// What is added to what the store tells.
    pub(crate) fn shift(&self) -> i64 {
        self.shift
    }

    /// It is that late at least.
    pub(crate) fn lower(&self, now: Moment) -> u64 {
        let Bound { at, time } = self.low;
        if now.monotonic < at.monotonic {
            let back = at.longest_since(now).div_ceil(1_000);
            return time.saturating_sub(back + back / DRIFT + 1);
        }
        let passed = now.shortest_since(at) / 1_000;
        time + passed - passed.div_ceil(DRIFT)
    }

    /// It was that late at most.
    pub(crate) fn upper(&self, at: Moment) -> u64 {
        let Bound { at: since, time } = self.high;
        if at.monotonic < since.monotonic {
            let back = since.shortest_since(at) / 1_000;
            return time.saturating_sub(back - back.div_ceil(DRIFT));
        }
        let passed = at.longest_since(since).div_ceil(1_000);
        time.saturating_add(passed)
            .saturating_add(passed / DRIFT + 1)
    }

    /// By when on our clock it is certainly as late as `time`.
    pub(crate) fn reaches(&self, time: u64) -> u64 {
        let more = time.saturating_sub(self.low.time);
        let passed = more.saturating_add(more / (DRIFT - 1) + 2);
        let passed = passed.saturating_mul(1_000);
        self.low.at.monotonic.saturating_add(passed)
    }

    /// The store told `micros` and the record a `shift`. Returns by how much the clock has stepped,
    /// if it has and no process has undone it yet: then the shift is no longer that of the record.
    pub(crate) fn observe(&mut self, asked: Asked, micros: u64, shift: i64) -> Option<i64> {
        let time = micros.saturating_add_signed(shift);
        let is_corrected = std::mem::replace(&mut self.written, shift) != shift;
        if time > self.upper(asked.answered) || (time < self.lower(asked.asked) && !is_corrected) {
            return Some(self.set(asked, micros, time, self.lower(asked.asked)));
        }
        let new = Self::new(asked, time, shift);
        if shift != self.shift {
            *self = new; // by somebody else, whose bounds were others
            return None;
        }
        if new.lower(asked.answered) > self.lower(asked.answered) {
            self.low = new.low;
        }
        if new.upper(asked.answered) < self.upper(asked.answered) {
            self.high = new.high;
        }
        None
    }

    /// From now on the time is `right` where the store told `micros`, all shifts included `time`;
    /// returns how much too late that was.
    pub(crate) fn set(&mut self, asked: Asked, micros: u64, time: u64, right: u64) -> i64 {
        let shift = i128::from(right) - i128::from(micros);
        let shift = shift.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        let written = self.written;
        *self = Self::new(asked, micros.saturating_add_signed(shift), shift);
        self.written = written;
        let step = i128::from(time) - i128::from(right);
        step.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }
}

/// Two clocks go apart by less than one part in so many. The window is stretched by as much.
const DRIFT: u64 = 1_000;

#[cfg(test)]
mod tests;
