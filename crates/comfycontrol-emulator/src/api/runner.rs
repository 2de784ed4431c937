//! A runner, and how the API shows it.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::shelf::Kept;
use crate::timestamp::timestamp;

/// A ComfyUI server of the account.
#[derive(Clone, Debug)]
pub(super) struct Runner {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) active: bool,
    pub(super) endpoint: String,
    pub(super) tags: Vec<String>,
    pub(super) headers: Map<String, Value>,
    pub(super) created: SystemTime,
    pub(super) updated: SystemTime,
}

impl Kept for Runner {
    fn id(&self) -> &str {
        &self.id
    }

    fn bytes(&self) -> usize {
        let tags = self.tags.iter().map(String::len);
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.as_str().map_or(0, str::len));
        self.name.len()
            + self.endpoint.len()
            + tags.chain(headers).map(|bytes| bytes + 64).sum::<usize>()
    }
}

impl Runner {
    /// The runner that was there `index` hours before the emulator.
    pub(super) fn seeded(index: usize, id: String, wall_clock: SystemTime) -> Self {
        let age = Duration::from_secs(3600 * index as u64);
        let created = wall_clock
            .checked_sub(age)
            .unwrap_or(SystemTime::UNIX_EPOCH);
        let tags = if index.is_multiple_of(2) {
            &["gpu-a100"][..]
        } else {
            &[]
        };
        Self {
            id,
            name: format!("Runner {index:04}"),
            active: !index.is_multiple_of(10),
            endpoint: format!("https://runner-{index:04}.example.com"),
            tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
            headers: Map::new(),
            created,
            updated: created,
        }
    }

    pub(super) fn status(&self) -> &'static str {
        if self.active { "active" } else { "disabled" }
    }

    pub(super) fn show(&self, user_id: &str) -> Value {
        json!({
            "id": self.id,
            "user_id": user_id,
            "name": self.name,
            "status": self.status(),
            "endpoint": self.endpoint,
            "tags": self.tags,
            "headers": self.headers,
            "created_at": timestamp(self.created),
            "updated_at": timestamp(self.updated),
        })
    }
}
