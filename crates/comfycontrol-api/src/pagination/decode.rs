//! One item of a page, within bounds.

use comfycontrol::{Error, InvalidJson};
use http::StatusCode;
use serde::de::DeserializeOwned;

use super::error::PageTooLarge;
use super::page::Item;

/// Decodes an item of the list `key`; the error names the item.
pub(super) fn decode<T: DeserializeOwned>(item: &Item, key: &str) -> Result<T, Error> {
    if values(&item.json) > MOST_VALUES {
        let what = "values in an item";
        let limit = MOST_VALUES;
        return Err(Error::unusable(
            StatusCode::OK,
            PageTooLarge { what, limit },
        ));
    }
    if let Ok(value) = serde_json::from_slice(&item.json) {
        return Ok(value);
    }
    // Once more for the place of the mistake.
    let place = format!("{key}[{}]", item.place);
    let wrong = match serde_json::from_slice(&item.json) {
        Ok(value) => InvalidJson::read_value(StatusCode::OK, &place, &value),
        Err(_) => InvalidJson::read(StatusCode::OK, None, &item.json),
    };
    wrong.map_err(Error::from)
}

/// At least how many values a JSON text has.
fn values(json: &[u8]) -> usize {
    let (mut count, mut in_string, mut escaped) = (1, false, false);
    for &byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b',' | b'[' | b'{' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}

/// Each takes some 32 bytes once it is decoded, and two in JSON.
const MOST_VALUES: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_whatever_strings_hold() {
        for (json, least) in [("1", 1), ("[1,2]", 3), (r#"{"a,[":"\",{","b":[]}"#, 4)] {
            assert_eq!(values(json.as_bytes()), least, "{json}");
        }
    }
}
