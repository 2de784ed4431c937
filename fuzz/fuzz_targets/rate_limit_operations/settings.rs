//! The settings of a limiter, and its rule.

use std::time::Duration;

use comfycontrol_fuzz::Rule;
use comfycontrol_rate_limit::{Algorithm, Limiter, Quota};

use crate::pairs;

#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) rule: Rule,
    pub(crate) cooldown: u64,
    pub(crate) count_lag: u64,
    pub(crate) linger: u64,
    pub(crate) max_queued: Option<usize>,
    pub(crate) max_transit: Option<u64>,
    pub(crate) max_wait: Option<u64>,
    /// Callers look only when they are told to; otherwise whenever something has happened.
    pub(crate) lazy: bool,
}

impl Settings {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut settings = Self {
            rule: rule(4, 1, false),
            cooldown: 10 * SECOND,
            count_lag: 0,
            linger: 3 * SECOND,
            max_queued: None,
            max_transit: None,
            max_wait: None,
            lazy: false,
        };
        let seconds = |digit: usize| SECOND * [0, 1, 2, 5, 10, 15, 30, 60, 600, 86_400][digit];
        for (letter, digit) in pairs(bytes) {
            match letter {
                b'c' => settings.cooldown = seconds(digit),
                b'g' => settings.count_lag = seconds(digit) / 2,
                b'l' => settings.linger = seconds(digit),
                b'm' => settings.max_wait = Some(seconds(digit)),
                b'n' => settings.rule.limit = digit.max(1) as u64,
                b'q' => settings.max_queued = Some(digit),
                b's' => settings.rule.sliding = true,
                b'w' => settings.rule.window = WINDOWS[digit % WINDOWS.len()],
                b'x' => settings.max_transit = Some(seconds(digit)),
                b'z' => settings.lazy = true,
                _ => {}
            }
        }
        settings
    }

    pub(crate) fn limiter(&self) -> Limiter {
        let nanos = Duration::from_nanos;
        let mut builder = Limiter::builder(quota(self.rule))
            .cooldown(nanos(self.cooldown))
            .cooldown_margin(nanos(MARGIN))
            .max_cooldown(nanos(MAX_COOLDOWN))
            .count_lag(nanos(self.count_lag))
            .linger(nanos(self.linger));
        if self.rule.sliding {
            builder = builder.algorithm(Algorithm::SlidingLog);
        }
        if let Some(calls) = self.max_queued {
            builder = builder.max_queued(calls);
        }
        if let Some(wait) = self.max_wait {
            builder = builder.max_wait(nanos(wait));
        }
        if let Some(transit) = self.max_transit {
            builder = builder.max_transit(nanos(transit));
        }
        builder.build()
    }
}

const WINDOWS: [u64; 5] = [1_000_000, 10 * SECOND, SECOND, 7_000_001_003, 60 * SECOND];

pub(crate) fn rule(limit: usize, window: usize, sliding: bool) -> Rule {
    Rule {
        limit: limit.max(1) as u64,
        window: WINDOWS[window % WINDOWS.len()],
        sliding,
    }
}

pub(crate) fn quota(rule: Rule) -> Quota {
    let limit = u32::try_from(rule.limit).expect("limits are small here");
    Quota::new(limit, Duration::from_nanos(rule.window)).expect("these can be kept")
}

/// The rule as the limiter keeps it, longer by a thousandth for clocks that do not agree.
pub(crate) fn kept(rule: Rule) -> Rule {
    let window = rule.window + rule.window / 1_000;
    Rule { window, ..rule }
}

pub(crate) const SECOND: u64 = 1_000_000_000;
pub(crate) const MARGIN: u64 = SECOND / 2;
pub(crate) const MAX_COOLDOWN: u64 = 300 * SECOND;
