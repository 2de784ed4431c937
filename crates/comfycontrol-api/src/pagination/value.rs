use std::mem;

use super::error::PageTooLarge;

/// One JSON value that comes in pieces, within bounds: no I/O.
///
/// Only its end is looked for. If it is JSON at all is seen when it is decoded.
#[derive(Debug, Default)]
pub(super) struct Value {
    text: Vec<u8>,
    values: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Value {
    /// Takes in the next bytes; how many of them belong to it, once it has ended.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Option<usize>, PageTooLarge> {
        let end = self.end(bytes)?;
        let used = &bytes[..end.unwrap_or(bytes.len())];
        if self.text.len() + used.len() > MOST_BYTES {
            return Err(too_large("bytes in one value", MOST_BYTES));
        }
        self.text.extend_from_slice(used);
        Ok(end)
    }

    fn end(&mut self, bytes: &[u8]) -> Result<Option<usize>, PageTooLarge> {
        for (n, &byte) in bytes.iter().enumerate() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                if !self.in_string && self.depth == 0 {
                    return Ok(Some(n + 1));
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'[' | b'{' => {
                    self.depth += 1;
                    self.values += if byte == b'{' { OBJECT } else { 1 };
                    if self.depth > MOST_LEVELS {
                        return Err(too_large("levels in one value", MOST_LEVELS));
                    }
                }
                b',' | b']' | b'}' | b':' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => {
                    return Ok(Some(n));
                }
                b',' => self.values += 1,
                b']' | b'}' if self.depth == 1 => {
                    self.depth = 0;
                    return Ok(Some(n + 1));
                }
                b']' | b'}' => self.depth -= 1,
                _ => {}
            }
            if self.values >= MOST_VALUES {
                return Err(too_large("values in one value", MOST_VALUES));
            }
        }
        Ok(None)
    }

    /// How many values it is made of, by what they take.
    pub(super) fn values(&self) -> usize {
        self.values + 1
    }

    /// What it says; then it is as new.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        mem::take(self).text
    }
}

fn too_large(what: &'static str, limit: usize) -> PageTooLarge {
    PageTooLarge { what, limit }
}

/// As much as is decoded in one stretch.
const MOST_BYTES: usize = 1024 * 1024;
/// What serde_json decodes.
const MOST_LEVELS: usize = 128;
/// Each takes some 32 bytes once it is decoded, and two in JSON.
const MOST_VALUES: usize = 100_000;
/// Values for which an object counts: it has room for eleven members, in some 640 bytes.
const OBJECT: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_where_it_ends_however_it_is_cut() {
        for (json, after) in [
            ("1", ","),
            ("true", " ,"),
            (r#""a\"]""#, "]"),
            (r#"[1,"]",{"a":[]}]"#, "]"),
            (r#"{"\\":"}"}"#, ""),
            ("[1}", "}"),
        ] {
            let text = format!("{json}{after}");
            for size in [1, 2, 100] {
                let mut value = Value::default();
                let mut taken = 0;
                for piece in text.as_bytes().chunks(size) {
                    let end = value.take(piece).unwrap();
                    taken += end.unwrap_or(piece.len());
                    if end.is_some() {
                        break;
                    }
                }
                assert_eq!(taken, json.len(), "{text}");
                assert_eq!(value.finish(), json.as_bytes());
            }
        }
    }

    #[test]
    fn what_strings_hold_counts_as_bytes_alone() {
        let wide = format!(r#"["{}"]"#, ",[{".repeat(100_000));
        let mut value = Value::default();
        assert_eq!(value.take(wide.as_bytes()), Ok(Some(wide.len())));
        for (json, what) in [
            (
                format!("[{}", "0,".repeat(MOST_VALUES)),
                "values in one value",
            ),
            ("[".repeat(MOST_LEVELS + 1), "levels in one value"),
            (
                format!("\"{}", "x".repeat(MOST_BYTES)),
                "bytes in one value",
            ),
        ] {
            let large = Value::default().take(json.as_bytes()).unwrap_err();
            assert_eq!(large.what, what);
        }
    }
}
