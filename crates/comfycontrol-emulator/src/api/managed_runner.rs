//! A managed runner, and how the API shows it.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::shelf::Kept;
use crate::timestamp::timestamp;

/// A ComfyUI server that the service runs for its paying accounts.
#[derive(Debug)]
pub(super) struct ManagedRunner {
    pub(super) id: String,
    number: usize,
    created: SystemTime,
}

impl Kept for ManagedRunner {
    fn id(&self) -> &str {
        &self.id
    }

    /// It is the emulator's own, and always there.
    fn bytes(&self) -> usize {
        0
    }
}

impl ManagedRunner {
    /// The managed runner of this number, from 1 on, that was there so many days before the
    /// emulator.
    pub(super) fn seeded(number: usize, id: String, wall_clock: SystemTime) -> Self {
        let age = Duration::from_secs(86_400 * number as u64);
        Self {
            id,
            number,
            created: wall_clock
                .checked_sub(age)
                .unwrap_or(SystemTime::UNIX_EPOCH),
        }
    }

    /// Only active ones are ever shown.
    pub(super) fn show(&self) -> Value {
        json!({
            "id": self.id,
            "name": format!("Managed Pro Runner {}", self.number),
            "runner_type": "pro",
            "status": "active",
            "tags": ["managed", "gpu-a100"],
            "created_at": timestamp(self.created),
            "updated_at": timestamp(self.created),
        })
    }
}
