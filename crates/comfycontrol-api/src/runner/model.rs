use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::headers::RunnerHeaders;
use crate::text_enum::text_enum;
use crate::{RunnerId, UserId, null, shown};

/// A ComfyUI server of the account.
///
/// `Debug` shows of the headers their names, and of the endpoint neither password nor query.
/// `Serialize` writes both in clear.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Runner {
    /// The id of the runner.
    pub id: RunnerId,
    /// The account it belongs to.
    pub user_id: UserId,
    /// The name of the runner.
    #[serde(deserialize_with = "null::or_default")]
    pub name: String,
    /// Whether the runner gets workflows.
    pub status: RunnerStatus,
    /// The URL of the server.
    #[serde(deserialize_with = "null::or_default")]
    pub endpoint: String,
    /// What it offers: a workflow goes to a runner that has all of its tags.
    #[serde(deserialize_with = "null::or_default")]
    pub tags: Vec<String>,
    /// What the API sends to the server with each request.
    #[serde(deserialize_with = "null::or_default")]
    pub headers: RunnerHeaders,
    /// When the runner was added.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
}

text_enum! {
    /// Whether a runner gets workflows.
    RunnerStatus {
        /// It does.
        Active = "active",
        /// It does not.
        Disabled = "disabled",
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("id", &self.id)
            .field("user_id", &self.user_id)
            .field("name", &shown::text(&self.name))
            .field("status", &self.status)
            .field("endpoint", &shown::url(&self.endpoint))
            .field("tags", &shown::list(&self.tags))
            .field("headers", &self.headers)
            .field("created_at", &self.created_at)
            .field("updated_at", &self.updated_at)
            .finish()
    }
}
