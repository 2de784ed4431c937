//! What the emulated account holds, in memory.

use std::time::{Duration, SystemTime};

use super::Failure;
use super::runner::Runner;
use super::template::Template;
use super::workflow::Workflow;
use crate::chance::{mix, seed};

/// How the emulated API behaves.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) runners: usize,
    pub(crate) run_time: Duration,
    pub(crate) sse_interval: Duration,
    pub(crate) sse_updates: u32,
    pub(crate) output_bytes: usize,
    pub(crate) link_life: Duration,
    /// Where signed URLs lead to: scheme, host and port.
    pub(crate) storage: String,
}

impl Default for Scenario {
    /// As documented: 2 s between updates, 120 of them, links good for 5 minutes.
    fn default() -> Self {
        Self {
            runners: 137,
            run_time: Duration::from_secs(10),
            sse_interval: Duration::from_secs(2),
            sse_updates: 120,
            output_bytes: 0,
            link_life: Duration::from_secs(300),
            storage: "https://storage.comfycontrol.app".to_owned(),
        }
    }
}

/// The account: its user, runners, workflows and templates, each newest first.
#[derive(Debug)]
pub(crate) struct Api {
    scenario: Scenario,
    seed: u64,
    serial: u64,
    pub(super) user_id: String,
    pub(super) runners: Vec<Runner>,
    pub(super) workflows: Vec<Workflow>,
    pub(super) templates: Vec<Template>,
}

impl Api {
    pub(crate) fn new(scenario: Scenario, wall: SystemTime) -> Self {
        let mut api = Self {
            seed: seed(),
            serial: 0,
            user_id: String::new(),
            runners: Vec::new(),
            workflows: Vec::new(),
            templates: Vec::new(),
            scenario,
        };
        api.user_id = api.next_id();
        api.runners = (0..api.scenario.runners)
            .map(|index| Runner::seeded(index, api.next_id(), wall))
            .collect();
        api
    }

    pub(crate) fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// What signatures of links are made with.
    pub(super) fn secret(&self) -> u64 {
        mix(self.seed, u64::MAX)
    }

    /// A UUID of version 4 (RFC 9562 §5.4).
    pub(super) fn next_id(&mut self) -> String {
        let high = mix(self.seed, self.serial);
        let low = mix(self.seed, self.serial + 1);
        self.serial += 2;
        format!(
            "{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            8 + (low >> 62),
            low >> 48 & 0xfff,
            low & 0xffff_ffff_ffff,
        )
    }
}

/// Refuses what does not look like a UUID.
pub(super) fn check_id(id: &str) -> Result<(), Failure> {
    let groups: Vec<_> = id.split('-').map(str::len).collect();
    let hexadecimal = id.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    if hexadecimal && groups == [8, 4, 4, 4, 12] {
        Ok(())
    } else {
        Err(Failure::bad_request("invalid id format"))
    }
}
