//! A template, and how the API shows it.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::graph::Graph;
use super::shelf::Kept;
use super::success::with_text;
use crate::timestamp::timestamp;

/// A graph kept for later.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) body: Graph,
    pub(super) created: SystemTime,
    pub(super) updated: SystemTime,
}

impl Kept for Template {
    fn id(&self) -> &str {
        &self.id
    }

    fn bytes(&self) -> usize {
        self.body.as_str().len()
    }
}

impl Template {
    pub(super) fn summary(&self, user_id: &str) -> Value {
        json!({
            "id": self.id,
            "user_id": user_id,
            "name": self.name,
            "description": self.description,
            "created_at": timestamp(self.created),
            "updated_at": timestamp(self.updated),
        })
    }

    /// All of it, as JSON text.
    pub(super) fn detail(&self, user_id: &str) -> String {
        with_text(&self.summary(user_id), "body", self.body.as_str())
    }
}
