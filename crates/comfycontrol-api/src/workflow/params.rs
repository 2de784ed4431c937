use std::fmt;

use comfycontrol::{Body, Error, Multipart, Part};

use crate::field::{InvalidField, check_text};
use crate::shown;
#[cfg(feature = "fs")]
use crate::unreadable_file::UnreadableFile;

/// Values for the placeholders of a graph: of a new workflow, or of one that is run
/// [once more](crate::Workflows::rerun).
///
/// `Debug` shows the names of the fields alone.
///
/// ```
/// use comfycontrol_api::WorkflowParams;
///
/// let params = WorkflowParams::new()
///     .text("prompt", "a beautiful sunset") // `$text(prompt)` in the graph
///     .choice("sampler", "euler") // `$choice(sampler, euler, ddim)`
///     .file("input", "cat.png", &b"\x89PNG"[..]); // `$file(input)`
/// assert!(params.validate().is_ok());
/// ```
#[derive(Default)]
#[must_use]
pub struct WorkflowParams(Vec<Param>);

struct Param {
    kind: Kind,
    key: String,
    value: Value,
}

enum Value {
    /// A file that is opened when it is sent.
    #[cfg(feature = "fs")]
    File(std::path::PathBuf),
    Part(Part),
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Choice,
    File,
    Text,
}

impl WorkflowParams {
    /// Creates a set without values.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the value of `$text(key)`. Numbers are given as text.
    pub fn text(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(Kind::Text, key.into(), Part::new(Body::from(value.into())))
    }

    /// Sets the value of `$choice(key, …)`.
    pub fn choice(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(
            Kind::Choice,
            key.into(),
            Part::new(Body::from(value.into())),
        )
    }

    /// Sets the file of `$file(key)`: its name and what is in it, such as
    /// [`Body::from_file`](comfycontrol::Body). All of a form may have 50 MB.
    pub fn file(
        self,
        key: impl Into<String>,
        file_name: impl Into<String>,
        content: impl Into<Body>,
    ) -> Self {
        let part = Part::new(content).file_name(file_name);
        self.with(Kind::File, key.into(), part)
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
        let (key, value) = (key.into(), Value::File(path.into()));
        let kind = Kind::File;
        self.0.push(Param { kind, key, value });
        self
    }

    fn with(mut self, kind: Kind, key: String, part: Part) -> Self {
        let value = Value::Part(part);
        self.0.push(Param { kind, key, value });
        self
    }

    /// Checks the keys, as the calls do before they send anything: none is empty; those of files
    /// have at most 255 characters, all letters, digits, `_` or `-`.
    ///
    /// # Errors
    ///
    /// Fails with the first that is out of bounds.
    pub fn validate(&self) -> Result<(), InvalidField> {
        self.0.iter().try_for_each(Param::validate)
    }

    pub(super) async fn into_form(self) -> Result<Multipart, Error> {
        self.add_to(Multipart::new()).await
    }

    pub(super) async fn add_to(self, mut form: Multipart) -> Result<Multipart, Error> {
        for Param { kind, key, value } in self.0 {
            let part = match value {
                Value::Part(part) => part,
                #[cfg(feature = "fs")]
                Value::File(path) => {
                    let part = Part::file(&path).await;
                    part.map_err(|source| UnreadableFile::new(path, source))?
                }
            };
            form = form.part(format!("{}{key}", kind.sigil()), part);
        }
        Ok(form)
    }
}

impl Kind {
    /// What the form field of such a parameter begins with.
    fn sigil(self) -> char {
        match self {
            Self::Choice => '#',
            Self::File | Self::Text => '$',
        }
    }
}

impl Param {
    fn validate(&self) -> Result<(), InvalidField> {
        if self.kind != Kind::File {
            return check_text("parameter key", &self.key, usize::MAX);
        }
        check_text("file key", &self.key, MAX_FILE_KEY)?;
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        if self.key.bytes().all(allowed) {
            Ok(())
        } else {
            let problem = "has a character that is no letter, digit, _ or -";
            Err(InvalidField::new("file key", problem))
        }
    }
}

impl fmt::Debug for WorkflowParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter();
        let names = names.map(|param| format!("{}{}", param.kind.sigil(), shown::text(&param.key)));
        f.debug_tuple("WorkflowParams")
            .field(&names.collect::<Vec<_>>())
            .finish()
    }
}

/// In characters.
const MAX_FILE_KEY: usize = 255;
