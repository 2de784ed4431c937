use super::slot::{Event, Outcome};

/// What has happened since the limiter was made, apart from grants.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counters {
    pub(crate) waited: u64,
    pub(crate) rejected: u64,
    pub(crate) throttled: u64,
    pub(crate) lost: u64,
    pub(crate) cooldowns: u64,
}

impl Counters {
    pub(super) fn settled(&mut self, outcome: Outcome, event: Option<Event>) {
        match outcome {
            Outcome::Responded => {}
            Outcome::Lost => self.lost += 1,
            Outcome::Throttled(_) => self.throttled += 1,
        }
        if let Some(Event::CooldownStarted { .. }) = event {
            self.cooldowns += 1;
        }
    }
}
