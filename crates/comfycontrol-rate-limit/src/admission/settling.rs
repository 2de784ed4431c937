//! What the end of a request changes.

use std::time::Duration;

use super::{Admission, Event, Flight, Outcome, nanos};
use crate::cooldown::Refusal;

impl Admission {
    /// The request has ended, one way or the other. If somebody waits, [`run`](Self::run) is due.
    #[inline]
    pub(crate) fn settle(&mut self, now: u64, flight: &Flight, outcome: Outcome) -> Option<Event> {
        self.outstanding -= 1;
        let at = now + self.settings.count_lag;
        if outcome == Outcome::Answered && flight.is_plain() {
            self.account.stamp(at);
            return None;
        }
        self.settle_specially(now, at, flight, outcome)
    }

    #[cold]
    fn settle_specially(
        &mut self,
        now: u64,
        mut at: u64,
        flight: &Flight,
        outcome: Outcome,
    ) -> Option<Event> {
        if outcome == Outcome::Lost {
            at += self.settings.linger;
        }
        match flight.stamp() {
            None => _ = self.account.stamp(at),
            Some(old) if at < old => self.account.restamp(old, at),
            Some(_) => {}
        }
        match outcome {
            Outcome::Answered => {
                let opened = flight
                    .probe
                    .is_some_and(|probe| self.gate.probe_answered(probe));
                opened.then_some(Event::CooldownEnded)
            }
            Outcome::Lost => {
                self.counters.lost += 1;
                if let Some(probe) = flight.probe {
                    self.gate.probe_lost(probe);
                }
                None
            }
            Outcome::Refused(asked) => self.refused(now, flight.episode, asked),
        }
    }

    fn refused(&mut self, now: u64, episode: u32, asked: Option<Duration>) -> Option<Event> {
        self.counters.refused += 1;
        let settings = self.settings;
        let asked = asked.map_or(0, |asked| nanos(asked).min(settings.max_cooldown));
        let base = settings.cooldown.max(asked);
        let pause = |strikes: u32| {
            let longer = base.saturating_mul(1 << strikes.min(16));
            longer.min(settings.max_cooldown.max(base)) + settings.cooldown_margin
        };
        let refusal = self.gate.refused(now, episode, pause);
        // Of the server's count we know nothing now, so the worst is assumed.
        self.account.fill(now + settings.count_lag);
        // Slots granted a moment ago must not be used any more.
        while self.queue.oldest_grant().is_some() {
            self.lapse();
        }
        match refusal {
            Refusal::SameEpisode => None,
            Refusal::NewEpisode { strikes } => {
                self.counters.cooldowns += 1;
                let pause = Duration::from_nanos(pause(strikes));
                Some(Event::CooldownStarted { pause, strikes })
            }
        }
    }
}
