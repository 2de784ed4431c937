use std::time::Duration;

use http::Extensions;

/// How long a call may take, part by part.
///
/// Given to the layers for every call. In the extensions of a request, its set values replace those
/// of the layers, for this request.
///
/// Each of the three timeouts is unset, off, or a duration. A separate number is what a body must
/// bring within the third. A layer takes one that is unset as off. [`or`](Self::or) fills those
/// that are unset: it lays values from several places over each other. Two that are unset and off
/// are not equal.
///
/// ```
/// use comfycontrol_timeout::Timeouts;
/// use std::time::Duration;
///
/// const MINUTE: Duration = Duration::from_secs(60);
///
/// let of_the_program = Timeouts::new().total(10 * MINUTE).stall(MINUTE);
/// let of_one_request = Timeouts::new().without_total();
///
/// let timeouts = of_one_request.or(of_the_program).or(Timeouts::upload());
/// assert_eq!(timeouts.total_limit(), None);
/// assert_eq!(timeouts.stall_limit(), Some(MINUTE));
/// assert_eq!(timeouts.attempt_limit(), Some(2 * MINUTE));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[must_use]
pub struct Timeouts {
    total: Setting,
    attempt: Setting,
    stall: Setting,
    min_progress: Option<usize>,
}

impl Timeouts {
    /// Leaves all three timeouts unset.
    pub const fn new() -> Self {
        Self {
            total: Setting::Unset,
            attempt: Setting::Unset,
            stall: Setting::Unset,
            min_progress: None,
        }
    }

    /// Turns all three timeouts off.
    pub const fn none() -> Self {
        Self {
            total: Setting::Off,
            attempt: Setting::Off,
            stall: Setting::Off,
            min_progress: Some(0),
        }
    }

    /// For short calls: 30 s an attempt, 30 s between two parts of the body, total off.
    ///
    /// No total, because the wait for a slot grows with what the program itself has queued. A body
    /// that moves may last, as long as it brings 1,024 bytes in each ten minutes that are spent
    /// waiting for it; one that drips ends.
    pub const fn call() -> Self {
        Self::none()
            .attempt(Duration::from_secs(30))
            .stall(Duration::from_secs(30))
            .min_progress(1_024)
    }

    /// For streams of events that come seldom: as [`call`](Self::call), 60 s between two parts,
    /// however small.
    pub const fn stream() -> Self {
        Self::call().stall(Duration::from_secs(60)).min_progress(0)
    }

    /// For uploads: as [`call`](Self::call), 120 s without progress, since the server responds
    /// only after it has stored the files.
    pub const fn upload() -> Self {
        Self::call().attempt(Duration::from_secs(120))
    }

    /// Sets the time for the whole call, from its beginning to the last byte of the body, all
    /// waiting and all attempts included.
    pub const fn total(mut self, total: Duration) -> Self {
        self.total = Setting::After(total);
        self
    }

    /// Sets the time for one attempt, from its beginning to the response head.
    ///
    /// An upload that makes progress starts it again, so that its silence is noticed after one to
    /// two times as long.
    pub const fn attempt(mut self, attempt: Duration) -> Self {
        self.attempt = Setting::After(attempt);
        self
    }

    /// Sets the longest wait between two parts of the response body.
    pub const fn stall(mut self, stall: Duration) -> Self {
        self.stall = Setting::After(stall);
        self
    }

    /// Sets how many bytes of the response body must come within each ten minutes, or
    /// [`stall`](Self::stall) if that is longer, that are spent waiting for them; with 0 any part
    /// will do.
    ///
    /// Time that the reader takes is not counted, and a response that calls itself
    /// `text/event-stream` is exempt. Means nothing where the stall is off.
    pub const fn min_progress(mut self, bytes: usize) -> Self {
        self.min_progress = Some(bytes);
        self
    }

    /// Turns the time for the whole call off.
    pub const fn without_total(mut self) -> Self {
        self.total = Setting::Off;
        self
    }

    /// Turns the time for one attempt off.
    pub const fn without_attempt(mut self) -> Self {
        self.attempt = Setting::Off;
        self
    }

    /// Turns the time between two parts of the response body off.
    pub const fn without_stall(mut self) -> Self {
        self.stall = Setting::Off;
        self
    }

    /// Takes from `defaults` what is unset here. What is off stays off.
    pub const fn or(self, defaults: Self) -> Self {
        Self {
            total: self.total.or(defaults.total),
            attempt: self.attempt.or(defaults.attempt),
            stall: self.stall.or(defaults.stall),
            min_progress: match self.min_progress {
                Some(bytes) => Some(bytes),
                None => defaults.min_progress,
            },
        }
    }

    /// The time for the whole call; `None` if it is off or unset.
    #[must_use]
    pub const fn total_limit(&self) -> Option<Duration> {
        self.total.limit()
    }

    /// The time for one attempt; `None` if it is off or unset.
    #[must_use]
    pub const fn attempt_limit(&self) -> Option<Duration> {
        self.attempt.limit()
    }

    /// The time between two parts of the response body; `None` if it is off or unset.
    #[must_use]
    pub const fn stall_limit(&self) -> Option<Duration> {
        self.stall.limit()
    }

    /// The bytes that must come within ten minutes of waiting, or a longer stall; `None` if any
    /// part will do.
    #[must_use]
    pub const fn min_progress_limit(&self) -> Option<usize> {
        match self.min_progress {
            None | Some(0) => None,
            bytes => bytes,
        }
    }

    /// The timeouts of a request with these extensions, where a layer has these.
    pub(crate) fn of_request(self, extensions: &Extensions) -> Self {
        extensions.get::<Self>().map_or(self, |own| own.or(self))
    }
}

#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
enum Setting {
    #[default]
    Unset,
    Off,
    After(Duration),
}

impl Setting {
    const fn or(self, default: Self) -> Self {
        match self {
            Self::Unset => default,
            Self::Off | Self::After(_) => self,
        }
    }

    const fn limit(self) -> Option<Duration> {
        match self {
            Self::Unset | Self::Off => None,
            Self::After(limit) => Some(limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn or_fills_what_is_unset_and_nothing_else() {
        let minute = Duration::from_secs(60);
        let defaults = Timeouts::new()
            .total(minute)
            .attempt(minute)
            .stall(minute)
            .min_progress(1);
        assert_eq!(Timeouts::new().or(defaults), defaults);
        assert_eq!(defaults.or(Timeouts::none()), defaults);
        assert_eq!(Timeouts::none().or(defaults), Timeouts::none());
        assert_eq!(Timeouts::new().or(Timeouts::new()), Timeouts::new());
        assert_eq!(
            Timeouts::new().without_total().or(defaults),
            defaults.without_total()
        );
        assert_eq!(
            Timeouts::new().without_attempt().or(defaults),
            defaults.without_attempt()
        );
        assert_eq!(
            Timeouts::new().without_stall().or(defaults),
            defaults.without_stall()
        );
        assert_eq!(
            Timeouts::new().min_progress(0).or(defaults),
            defaults.min_progress(0)
        );
        let second = Duration::from_secs(1);
        assert_eq!(
            Timeouts::new().attempt(second).or(defaults),
            defaults.attempt(second)
        );
    }

    #[test]
    fn what_is_set_to_the_value_of_a_preset_is_set() {
        let own = Timeouts::new().attempt(Duration::from_secs(30));
        let upload = own.or(Timeouts::upload());
        assert_eq!(upload.attempt_limit(), Some(Duration::from_secs(30)));
        let unset = Timeouts::new().or(Timeouts::upload());
        assert_eq!(unset.attempt_limit(), Some(Duration::from_secs(120)));
    }

    #[test]
    fn presets_leave_nothing_unset() {
        let other = Timeouts::new()
            .total(Duration::MAX)
            .attempt(Duration::MAX)
            .stall(Duration::MAX)
            .min_progress(usize::MAX);
        for (preset, attempt, stall) in [
            (Timeouts::none(), None, None),
            (Timeouts::call(), Some(30), Some(30)),
            (Timeouts::stream(), Some(30), Some(60)),
            (Timeouts::upload(), Some(120), Some(30)),
        ] {
            assert_eq!(preset.or(other), preset);
            assert_eq!(preset.total_limit(), None);
            assert_eq!(preset.attempt_limit(), attempt.map(Duration::from_secs));
            assert_eq!(preset.stall_limit(), stall.map(Duration::from_secs));
        }
        assert_eq!(Timeouts::default(), Timeouts::new());
        assert_eq!(Timeouts::new().attempt_limit(), None);
    }

    #[test]
    fn the_three_do_not_touch_each_other() {
        let seconds = Duration::from_secs;
        let all = Timeouts::new()
            .total(seconds(1))
            .attempt(seconds(2))
            .stall(seconds(3));
        let limits = |t: Timeouts| [t.total_limit(), t.attempt_limit(), t.stall_limit()];
        let [total, attempt, stall] = [1, 2, 3].map(|n| Some(seconds(n)));
        assert_eq!(limits(all), [total, attempt, stall]);
        assert_eq!(limits(all.without_total()), [None, attempt, stall]);
        assert_eq!(limits(all.without_attempt()), [total, None, stall]);
        assert_eq!(limits(all.without_stall()), [total, attempt, None]);
    }
}
