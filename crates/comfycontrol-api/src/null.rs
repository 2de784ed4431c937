use serde::{Deserialize, Deserializer};

/// Decodes a field where the API's `null` means the same as none: nothing, empty, false.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
