use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{TemplateId, UserId, null, shown};

/// A graph that the account keeps under a name.
///
/// `Debug` leaves out the graph.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Template {
    /// The id of the template.
    pub id: TemplateId,
    /// The account it belongs to.
    pub user_id: UserId,
    /// The name of the template.
    #[serde(deserialize_with = "null::or_default")]
    pub name: String,
    /// What the template does, for people.
    #[serde(deserialize_with = "null::or_default")]
    pub description: String,
    /// The graph of the template.
    pub body: Value,
    /// When the template was added.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
}

/// A template as lists show it: without its graph.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TemplateSummary {
    /// The id of the template.
    pub id: TemplateId,
    /// The account it belongs to.
    pub user_id: UserId,
    /// The name of the template.
    #[serde(deserialize_with = "null::or_default")]
    pub name: String,
    /// What the template does, for people.
    #[serde(deserialize_with = "null::or_default")]
    pub description: String,
    /// When the template was added.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template")
            .field("id", &self.id)
            .field("user_id", &self.user_id)
            .field("name", &shown::text(&self.name))
            .field("description", &shown::text(&self.description))
            .field("created_at", &self.created_at)
            .field("updated_at", &self.updated_at)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TemplateSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemplateSummary")
            .field("id", &self.id)
            .field("user_id", &self.user_id)
            .field("name", &shown::text(&self.name))
            .field("description", &shown::text(&self.description))
            .field("created_at", &self.created_at)
            .field("updated_at", &self.updated_at)
            .finish()
    }
}
