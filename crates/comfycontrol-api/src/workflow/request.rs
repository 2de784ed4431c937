use std::fmt;

use comfycontrol::{Body, Error, Multipart};

use super::params::WorkflowParams;
use crate::field::{InvalidField, check_text};
#[cfg(feature = "fs")]
use crate::unreadable_file;
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

    /// Creates a workflow from a graph on disk, exported from ComfyUI in API format. Its name is
    /// that of the file, without extension.
    ///
    /// # Errors
    ///
    /// Fails with an [`UnreadableFile`](crate::UnreadableFile) as cause if the file cannot be read,
    /// or is larger than the 50 MB that a form may have.
    #[cfg(feature = "fs")]
    #[cfg_attr(docsrs, doc(cfg(feature = "fs")))]
    pub async fn from_file(path: impl AsRef<std::path::Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let graph = unreadable_file::read(path).await?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Ok(Self::new(name, graph))
    }

    /// Sets the name, of 1 to 200 characters.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
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

    /// Sets the file of `$file(key)` in the graph: its name and what is in it. All of a form may
    /// have 50 MB.
    pub fn file(
        mut self,
        key: impl Into<String>,
        file_name: impl Into<String>,
        content: impl Into<Body>,
    ) -> Self {
        self.params = self.params.file(key, file_name, content);
        self
    }

    /// Sets the file of `$file(key)` to one on disk, under its own name. It is opened when the form
    /// is sent, and read piece by piece.
    #[cfg(feature = "fs")]
    #[cfg_attr(docsrs, doc(cfg(feature = "fs")))]
    pub fn file_path(
        mut self,
        key: impl Into<String>,
        path: impl Into<std::path::PathBuf>,
    ) -> Self {
        self.params = self.params.file_path(key, path);
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

    pub(crate) fn name_so_far(&self) -> &str {
        &self.name
    }

    pub(crate) async fn into_form(self) -> Result<Multipart, Error> {
        let mut form = Multipart::new()
            .text("name", self.name)
            .part("workflow_json", self.graph.into_part());
        if !self.tags.is_empty() {
            form = form.text("tags", self.tags.join(","));
        }
        self.params.add_to(form).await
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
