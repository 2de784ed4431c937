use std::fmt;

use comfycontrol::{Body, Multipart};

use super::params::WorkflowParams;
use crate::field::{InvalidField, check_text};
use crate::{Graph, shown};

/// A workflow to be created and started by [`Workflows::create`](crate::Workflows::create).
///
/// `Debug` leaves out the values of the parameters.
#[must_use]
pub struct NewWorkflow {
    name: String,
    graph: Graph,
    tags: Vec<String>,
    params: WorkflowParams,
}

impl NewWorkflow {
    /// Creates a workflow of a name of 1 to 200 characters and a graph.
    pub fn new(name: impl Into<String>, graph: impl Into<Graph>) -> Self {
        Self {
            name: name.into(),
            graph: graph.into(),
            tags: Vec::new(),
            params: WorkflowParams::new(),
        }
    }

    /// Adds a tag, which its runner must have. The API joins tags by commas, so one can have none.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Sets the value of `$text(key)` in the graph. Numbers are given as text.
    pub fn text(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.params = self.params.text(key, value);
        self
    }

    /// Sets the value of `$choice(key, …)` in the graph.
    pub fn choice(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.params = self.params.choice(key, value);
        self
    }

    /// Sets the file of `$file(key)` in the graph: its name and what is in it. All of a form may have
    /// 50 MB.
    pub fn file(
        mut self,
        key: impl Into<String>,
        file_name: impl Into<String>,
        content: impl Into<Body>,
    ) -> Self {
        self.params = self.params.file(key, file_name, content);
        self
    }

    /// Sets all values of the placeholders, in place of those set so far.
    pub fn params(mut self, params: WorkflowParams) -> Self {
        self.params = params;
        self
    }

    /// Checks the bounds, as [`Workflows::create`](crate::Workflows::create) does before it sends
    /// anything.
    ///
    /// # Errors
    ///
    /// Fails with the first field that is out of bounds.
    pub fn validate(&self) -> Result<(), InvalidField> {
        check_text("name", &self.name, MAX_NAME)?;
        self.graph.check("workflow_json")?;
        for tag in &self.tags {
            if tag.trim().is_empty() || tag.contains(',') {
                let problem = "have one that is empty or has a comma, which separates them";
                return Err(InvalidField::new("tags", problem));
            }
        }
        self.params.validate()
    }

    pub(super) fn into_form(self) -> Multipart {
        let mut form = Multipart::new()
            .text("name", self.name)
            .part("workflow_json", self.graph.into_part());
        if !self.tags.is_empty() {
            form = form.text("tags", self.tags.join(","));
        }
        self.params.add_to(form)
    }
}

impl fmt::Debug for NewWorkflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewWorkflow")
            .field("name", &shown::text(&self.name))
            .field("graph", &self.graph)
            .field("tags", &shown::list(&self.tags))
            .field("params", &self.params)
            .finish()
    }
}

/// In characters.
const MAX_NAME: usize = 200;
