use std::fmt;

use comfycontrol::Multipart;

use crate::field::{InvalidField, check_text};
use crate::{Graph, shown};

/// A template to be added by [`Templates::create`](crate::Templates::create).
#[derive(Clone)]
#[must_use]
pub struct NewTemplate {
    name: String,
    description: String,
    body: Graph,
}

impl NewTemplate {
    /// Creates a template of a name of 1 to 100 characters, a description of 1 to 500, and a graph.
    pub fn new(
        name: impl Into<String>,
        description: impl Into<String>,
        body: impl Into<Graph>,
    ) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            body: body.into(),
        }
    }

    /// Checks the bounds, as [`Templates::create`](crate::Templates::create) does before it sends
    /// anything.
    ///
    /// # Errors
    ///
    /// Fails with the first field that is out of bounds.
    pub fn validate(&self) -> Result<(), InvalidField> {
        check_text("name", &self.name, MAX_NAME)?;
        check_text("description", &self.description, MAX_DESCRIPTION)?;
        self.body.check("body")
    }

    pub(super) fn into_form(self) -> Multipart {
        Multipart::new()
            .text("name", self.name)
            .text("description", self.description)
            .part("body", self.body.into_part())
    }
}

/// A change to a template, made by [`Templates::update`](crate::Templates::update). What is not set
/// stays.
#[derive(Clone, Default)]
#[must_use]
pub struct TemplateUpdate {
    name: Option<String>,
    description: Option<String>,
    body: Option<Graph>,
}

impl TemplateUpdate {
    /// Creates a change of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name, of 1 to 100 characters.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the description, of 1 to 500 characters.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets the graph.
    pub fn body(mut self, body: impl Into<Graph>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Checks the bounds, as [`Templates::update`](crate::Templates::update) does before it sends
    /// anything.
    ///
    /// # Errors
    ///
    /// Fails with the first field that is out of bounds.
    pub fn validate(&self) -> Result<(), InvalidField> {
        if let Some(name) = &self.name {
            check_text("name", name, MAX_NAME)?;
        }
        if let Some(description) = &self.description {
            check_text("description", description, MAX_DESCRIPTION)?;
        }
        self.body.as_ref().map_or(Ok(()), |body| body.check("body"))
    }

    pub(super) fn into_form(self) -> Multipart {
        let mut form = Multipart::new();
        if let Some(name) = self.name {
            form = form.text("name", name);
        }
        if let Some(description) = self.description {
            form = form.text("description", description);
        }
        if let Some(body) = self.body {
            form = form.part("body", body.into_part());
        }
        form
    }
}

impl fmt::Debug for NewTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewTemplate")
            .field("name", &shown::text(&self.name))
            .field("description", &shown::text(&self.description))
            .field("body", &self.body)
            .finish()
    }
}

impl fmt::Debug for TemplateUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemplateUpdate")
            .field("name", &shown::optional(&self.name))
            .field("description", &shown::optional(&self.description))
            .field("body", &self.body)
            .finish()
    }
}

/// In characters.
const MAX_NAME: usize = 100;
/// In characters.
const MAX_DESCRIPTION: usize = 500;
