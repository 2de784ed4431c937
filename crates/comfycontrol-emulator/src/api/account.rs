//! What the emulated account holds, in memory.

use std::time::SystemTime;

use super::error::ApiError;
use super::id;
use super::managed_runner::ManagedRunner;
use super::runner::Runner;
use super::scenario::Scenario;
use super::shelf::{EACH, Shelf};
use super::template::Template;
use super::workflow::{Place, Workflow};
use crate::random::{mix, seed};

/// The account: its user, runners, workflows and templates, and the managed runners that are open
/// to it.
#[derive(Debug)]
pub(crate) struct Account {
    scenario: Scenario,
    seed: u64,
    serial: u64,
    pub(super) user_id: String,
    pub(super) runners: Shelf<Runner>,
    pub(super) managed_runners: Shelf<ManagedRunner>,
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
            managed_runners: Shelf::new(),
            workflows: Shelf::new(),
            templates: Shelf::new(),
            scenario,
        };
        account.user_id = account.next_id();
        for index in (0..account.scenario.runners).rev() {
            let runner = Runner::seeded(index, account.next_id(), wall_clock);
            account.runners.add(runner);
        }
        for number in (1..=MANAGED_RUNNERS).rev() {
            let runner = ManagedRunner::seeded(number, account.next_id(), wall_clock);
            account.managed_runners.add(runner);
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

    /// Whether a thing that is kept can become so large.
    pub(super) fn room_to_grow(&self, from: usize, to: usize) -> Result<(), ApiError> {
        match to.saturating_sub(from) {
            0 => Ok(()),
            more => self.room_for(more),
        }
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

    /// Where the next workflow runs: the newest active runner of the account, or else a managed
    /// one.
    pub(super) fn next_place(&self) -> Option<Place> {
        let own = self.runners.iter().find(|runner| runner.active);
        let own = own.map(|runner| Place::Runner(runner.id.clone()));
        own.or_else(|| {
            let managed = self.managed_runners.newest();
            managed.map(|runner| Place::ManagedRunner(runner.id.clone()))
        })
    }

    /// The workflows that ran in a place, newest first.
    pub(super) fn workflows_of(&self, place: &Place) -> impl Iterator<Item = &Workflow> {
        let workflows = self.workflows.iter();
        workflows.filter(move |workflow| workflow.place() == Some(place))
    }
}

const MANAGED_RUNNERS: usize = 2;
