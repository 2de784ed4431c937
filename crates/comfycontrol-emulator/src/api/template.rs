//! A template, and how the API shows it.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::shelf::Identified;
use crate::timestamp::timestamp;

/// A graph kept for later.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) body: Map<String, Value>,
    pub(super) created: SystemTime,
}

impl Identified for Template {
    fn id(&self) -> &str {
        &self.id
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
            "updated_at": timestamp(self.created),
        })
    }

    pub(super) fn detail(&self, user_id: &str) -> Value {
        let mut detail = self.summary(user_id);
        detail["body"] = Value::Object(self.body.clone());
        detail
    }
}
