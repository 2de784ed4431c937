//! What the emulated account holds, in memory.

use std::time::SystemTime;

use super::error::ApiError;
use super::id;
use super::runner::Runner;
use super::scenario::Scenario;
use super::shelf::{EACH, Shelf};
use super::template::Template;
use super::workflow::Workflow;
use crate::random::{mix, seed};

/// The account: its user, runners, workflows and templates.
#[derive(Debug)]
pub(crate) struct Account {
    scenario: Scenario,
    seed: u64,
    serial: u64,
    pub(super) user_id: String,
    pub(super) runners: Shelf<Runner>,
    pub(super) workflows: Shelf<Workflow>,
    pub(super) templates: Shelf<Template>,
}

impl Account {
    pub(crate) fn new(scenario: Scenario, wall_clock: SystemTime) -> Self {
        let mut account = Self {
            seed: seed(),
            serial: 0,
            user_id: String::new(),
            runners: Shelf::new(),
            workflows: Shelf::new(),
            templates: Shelf::new(),
            scenario,
        };
        account.user_id = account.next_id();
        for index in (0..account.scenario.runners).rev() {
            let runner = Runner::seeded(index, account.next_id(), wall_clock);
            account.runners.add(runner);
        }
        account
    }

    /// Whether a thing of so many bytes can still be kept.
    pub(super) fn room_for(&self, bytes: usize) -> Result<(), ApiError> {
        let kept = self.runners.bytes() + self.workflows.bytes() + self.templates.bytes();
        if kept.saturating_add(bytes).saturating_add(EACH) > self.scenario.max_kept_bytes {
            return Err(ApiError::full());
        }
        Ok(())
    }

    pub(crate) fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// What signatures of links are made with.
    pub(super) fn secret(&self) -> u64 {
        mix(self.seed, u64::MAX)
    }

    /// An identifier that no other thing in this account has.
    pub(super) fn next_id(&mut self) -> String {
        let high = mix(self.seed, self.serial);
        let low = mix(self.seed, self.serial + 1);
        self.serial += 2;
        id::uuid(high, low)
    }
}
