//! The values of a graph's placeholders.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::ApiError;
use super::multipart::Part;

/// Names and values of placeholders, in the order in which they came. Clones share the text.
#[derive(Clone, Debug, Default)]
pub(super) struct Params(Vec<(Arc<str>, Arc<str>)>);

impl Params {
    /// The dynamic parts, named as in the graph: `$key` text or file, `#key` choice. The last
    /// of several of one name counts.
    pub(super) fn read(parts: &[Part]) -> Result<Self, ApiError> {
        let mut params = Vec::new();
        for part in parts {
            let Some((kind, key)) = part.name.split_at_checked(1) else {
                continue;
            };
            let (name, value) = match (kind, &part.file_name) {
                ("$", Some(file)) => (format!("$file({key})"), file.as_str()),
                ("$", None) => (format!("$text({key})"), part.text()?),
                ("#", _) => (format!("#choice({key})"), part.text()?),
                _ => continue,
            };
            params.push((name.into(), value.into()));
        }
        Self::default().with(Self(params))
    }

    /// These, with the values of `others` where they have one.
    pub(super) fn with(mut self, others: Self) -> Result<Self, ApiError> {
        let known = self.0.iter().zip(0..);
        let mut places: HashMap<_, usize> = known
            .map(|((name, _), place)| (name.clone(), place))
            .collect();
        for (name, value) in others.0 {
            match places.get(&name) {
                Some(place) => self.0[*place].1 = value,
                None => {
                    places.insert(name.clone(), self.0.len());
                    self.0.push((name, value));
                }
            }
        }
        if self.0.len() > MAX_PARAMS {
            let message = format!("at most {MAX_PARAMS} parameters are allowed");
            return Err(ApiError::bad_request(message));
        }
        Ok(self)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Bytes of all names and values.
    pub(super) fn bytes(&self) -> usize {
        self.iter()
            .map(|(name, value)| name.len() + value.len())
            .sum()
    }
}

/// Parameters of one workflow.
const MAX_PARAMS: usize = 1_000;
