use std::fmt;

use serde::{Deserialize, Serialize};

use super::headers::RunnerHeaders;
use super::model::RunnerStatus;
use crate::field::{InvalidField, check_count, check_header, check_text, check_url};
use crate::{null, shown};

/// A runner to be added by [`Runners::create`](crate::Runners::create).
///
/// `Debug` shows of the headers their names, and of the endpoint neither password nor query.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
#[must_use]
pub struct NewRunner {
    name: String,
    endpoint: String,
    #[serde(default, deserialize_with = "null::or_default")]
    tags: Vec<String>,
    #[serde(default, deserialize_with = "null::or_default")]
    headers: RunnerHeaders,
}

impl NewRunner {
    /// Creates a runner of a name of 1 to 100 characters, at an http or https URL that the API can
    /// reach.
    pub fn new(name: impl Into<String>, endpoint: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            endpoint: endpoint.into(),
            tags: Vec::new(),
            headers: RunnerHeaders::new(),
        }
    }

    /// Adds a tag. At most 10 are allowed; case counts.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Adds a header that the API sends to the runner.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Checks the bounds, as [`Runners::create`](crate::Runners::create) does before it sends
    /// anything.
    ///
    /// # Errors
    ///
    /// Fails with the first field that is out of bounds.
    pub fn validate(&self) -> Result<(), InvalidField> {
        check_text("name", &self.name, MAX_NAME)?;
        check_url("endpoint", &self.endpoint)?;
        check_count("tags", self.tags.len(), MAX_TAGS)?;
        check_headers(&self.headers)
    }
}

impl fmt::Debug for NewRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewRunner")
            .field("name", &shown::text(&self.name))
            .field("endpoint", &shown::url(&self.endpoint))
            .field("tags", &shown::list(&self.tags))
            .field("headers", &self.headers)
            .finish()
    }
}

/// A change to a runner, made by [`Runners::update`](crate::Runners::update). What is not set
/// stays.
///
/// `Debug` shows of the headers their names, and of the endpoint neither password nor query.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[must_use]
pub struct RunnerUpdate {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<RunnerHeaders>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<RunnerStatus>,
}

impl RunnerUpdate {
    /// Creates a change of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name, of 1 to 100 characters.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the http or https URL.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// Replaces all headers of the runner. The documentation does not say whether those that are
    /// left out stay.
    pub fn headers(mut self, headers: RunnerHeaders) -> Self {
        self.headers = Some(headers);
        self
    }

    /// Sets all tags, at most 10. The documentation does not say whether those that are left out
    /// stay.
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags = Some(tags.into_iter().map(Into::into).collect());
        self
    }

    /// Sets whether it gets workflows.
    pub fn status(mut self, status: RunnerStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Checks the bounds, as [`Runners::update`](crate::Runners::update) does before it sends
    /// anything.
    ///
    /// # Errors
    ///
    /// Fails with the first field that is out of bounds.
    pub fn validate(&self) -> Result<(), InvalidField> {
        if let Some(name) = &self.name {
            check_text("name", name, MAX_NAME)?;
        }
        if let Some(endpoint) = &self.endpoint {
            check_url("endpoint", endpoint)?;
        }
        if let Some(tags) = &self.tags {
            check_count("tags", tags.len(), MAX_TAGS)?;
        }
        self.headers.as_ref().map_or(Ok(()), check_headers)
    }
}

impl fmt::Debug for RunnerUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunnerUpdate")
            .field("name", &shown::optional(&self.name))
            .field("endpoint", &self.endpoint.as_deref().map(shown::url))
            .field("headers", &self.headers)
            .field("tags", &self.tags.as_deref().map(shown::list))
            .field("status", &self.status)
            .finish()
    }
}

fn check_headers(headers: &RunnerHeaders) -> Result<(), InvalidField> {
    headers
        .iter()
        .try_for_each(|(name, value)| check_header("headers", name, value))
}

/// In characters.
const MAX_NAME: usize = 100;
const MAX_TAGS: usize = 10;
