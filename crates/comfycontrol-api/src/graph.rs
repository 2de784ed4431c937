use std::fmt;

use bytes::Bytes;
use comfycontrol::Part;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::field::InvalidField;

/// A ComfyUI graph as JSON, exported in API format: what a workflow runs and a template keeps.
///
/// It is sent byte for byte as it was given. `Debug` shows its length.
///
/// ```
/// use comfycontrol_api::Graph;
///
/// // `Graph::from(std::fs::read("graph.json")?)` for a file.
/// let graph = Graph::from(r#"{"6": {"inputs": {"text": "$text(prompt)"}}}"#);
/// assert_eq!(graph.as_bytes().len(), 44);
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Graph(Bytes);

impl Graph {
    /// The JSON of the graph.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Checks that it is a JSON object.
    pub(crate) fn check(&self, field: &'static str) -> Result<(), InvalidField> {
        let is_object = self.0.trim_ascii_start().starts_with(b"{");
        let mut de = serde_json::Deserializer::from_slice(&self.0);
        let is_json = IgnoredAny::deserialize(&mut de).is_ok() && de.end().is_ok();
        if is_object && is_json {
            Ok(())
        } else {
            Err(InvalidField::new(field, "is not a JSON object"))
        }
    }

    /// The part of a form that carries it as a file.
    pub(crate) fn into_part(self) -> Part {
        Part::bytes(self.0)
            .file_name("graph.json")
            .content_type("application/json")
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Graph({} bytes)", self.0.len())
    }
}

impl From<Bytes> for Graph {
    fn from(json: Bytes) -> Self {
        Self(json)
    }
}

impl From<Vec<u8>> for Graph {
    fn from(json: Vec<u8>) -> Self {
        Self(json.into())
    }
}

impl From<String> for Graph {
    fn from(json: String) -> Self {
        Self(json.into())
    }
}

impl From<&str> for Graph {
    fn from(json: &str) -> Self {
        json.to_owned().into()
    }
}

impl From<&Value> for Graph {
    fn from(json: &Value) -> Self {
        json.to_string().into()
    }
}

impl From<Value> for Graph {
    fn from(json: Value) -> Self {
        Self::from(&json)
    }
}
