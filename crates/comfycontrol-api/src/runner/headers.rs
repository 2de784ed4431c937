use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::shown;

/// The headers that the API sends to a runner, such as the password of a proxy in front of it.
///
/// The API gives them back in clear. `Debug` shows only their names; `Serialize` writes their
/// values. A value that is not text is kept as its JSON.
#[derive(Clone, Default, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct RunnerHeaders(BTreeMap<String, String>);

impl RunnerHeaders {
    /// Creates an empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a header, in place of one that is written the same.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// The value of a header, whose name is compared without regard to case (RFC 9110 §5.1).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value))
    }

    /// The names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.0.iter();
        headers.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How many headers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no headers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for RunnerHeaders {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        let headers = headers.into_iter();
        Self(headers.map(|(n, v)| (n.into(), v.into())).collect())
    }
}

impl<'de> Deserialize<'de> for RunnerHeaders {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let headers = BTreeMap::<String, Value>::deserialize(deserializer)?;
        let headers = headers.into_iter().map(|(name, value)| match value {
            Value::String(value) => (name, value),
            other => (name, other.to_string()),
        });
        Ok(headers.collect())
    }
}

impl fmt::Debug for RunnerHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.keys().map(|name| (shown::text(name), Redacted));
        f.debug_map().entries(shown).finish()
    }
}

struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
