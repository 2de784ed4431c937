//! Picks the members of an error object out of JSON that may be odd, hostile or cut short.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use comfycontrol_core::{MAX_RETRY_AFTER, delay_seconds};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members we know, as they were written.
///
/// Of a name that comes twice the last counts, as nearly everywhere. A value of the wrong
/// type is as if absent (RFC 9457 §3.1).
#[derive(Default)]
pub(crate) struct Members<'a> {
    pub(crate) cloudflare_error: Value<'a>,
    pub(crate) detail: Value<'a>,
    pub(crate) error_category: Value<'a>,
    pub(crate) error_code: Value<'a>,
    pub(crate) error_name: Value<'a>,
    pub(crate) instance: Value<'a>,
    pub(crate) message: Value<'a>,
    pub(crate) ray_id: Value<'a>,
    pub(crate) retry_after: Value<'a>,
    pub(crate) retryable: Value<'a>,
    pub(crate) status: Value<'a>,
    pub(crate) title: Value<'a>,
    pub(crate) type_uri: Value<'a>,
    pub(crate) what_you_should_do: Value<'a>,
}

/// The text of one JSON value.
#[derive(Clone, Copy, Default)]
pub(crate) struct Value<'a>(Option<&'a str>);

impl<'a> Members<'a> {
    /// Reads an object; what stood before a break in it still counts.
    pub(crate) fn read(text: &'a str) -> Self {
        let mut members = Self::default();
        let mut json = serde_json::Deserializer::from_str(text);
        // The members read so far are in place, and there is nothing better.
        let _ = members.deserialize(&mut json);
        members
    }

    fn slot(&mut self, name: &str) -> Option<&mut Value<'a>> {
        Some(match name {
            "cloudflare_error" => &mut self.cloudflare_error,
            "detail" => &mut self.detail,
            "error_category" => &mut self.error_category,
            "error_code" => &mut self.error_code,
            "error_name" => &mut self.error_name,
            "instance" => &mut self.instance,
            "message" => &mut self.message,
            "ray_id" => &mut self.ray_id,
            "retry_after" => &mut self.retry_after,
            "retryable" => &mut self.retryable,
            "status" => &mut self.status,
            "title" => &mut self.title,
            "type" => &mut self.type_uri,
            "what_you_should_do" => &mut self.what_you_should_do,
            _ => return None,
        })
    }
}

impl<'a> Value<'a> {
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        // Of anything else the parser would only tell where it stopped, at some length.
        let json = self.0?;
        let inner = json.strip_prefix('"')?.strip_suffix('"')?;
        // What was read as one value has no quote inside, and only escapes are to be undone.
        // Without a branch, so that many bytes are looked at together.
        if !inner.bytes().fold(false, |any, b| any | (b == b'\\')) {
            return Some(Cow::Borrowed(inner));
        }
        serde_json::from_str(json).ok().map(Cow::Owned)
    }

    /// An integer, also one written as a string.
    pub(crate) fn integer(self) -> Option<i64> {
        match self.text() {
            Some(text) => text.trim().parse().ok(),
            None => self.0?.parse().ok(),
        }
    }

    pub(crate) fn flag(self) -> Option<bool> {
        self.0?.parse().ok()
    }

    /// Seconds; a fraction is rounded up, so as not to come too early.
    pub(crate) fn wait(self) -> Option<Duration> {
        let text = self.text();
        let number = text.as_deref().or(self.0)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let wait = delay_seconds(whole)?;
        let more = delay_seconds(fraction)?;
        let up = u64::from(!more.is_zero());
        Some((wait + Duration::from_secs(up)).min(MAX_RETRY_AFTER))
    }
}

impl<'de> DeserializeSeed<'de> for &mut Members<'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Members<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        // Values are skipped over as text, which takes no stack however deep they are nested.
        while let Some(slot) = map.next_key_seed(Name(self))? {
            match slot {
                Some(slot) => *slot = Value(Some(map.next_value::<&RawValue>()?.get())),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Finds the place for a member by its name, without a copy of that.
struct Name<'m, 'a>(&'m mut Members<'a>);

impl<'de, 'm, 'a> DeserializeSeed<'de> for Name<'m, 'a> {
    type Value = Option<&'m mut Value<'a>>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'m, 'a> Visitor<'_> for Name<'m, 'a> {
    type Value = Option<&'m mut Value<'a>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.slot(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_also_from_strings() {
        for (json, status) in [
            (r#"{"status":404}"#, Some(404)),
            (r#"{"status":"404"}"#, Some(404)),
            (r#"{"status":" 404 "}"#, Some(404)),
            (r#"{"status":-1}"#, Some(-1)),
            (r#"{"status":404.5}"#, None),
            (r#"{"status":99999999999999999999}"#, None),
            (r#"{"status":[404]}"#, None),
            (r#"{"status":null}"#, None),
        ] {
            assert_eq!(Members::read(json).status.integer(), status, "{json}");
        }
    }

    #[test]
    fn rounds_a_wait_up_and_caps_it() {
        for (json, wait) in [
            (r#"{"retry_after":30}"#, Some(30)),
            (r#"{"retry_after":"30"}"#, Some(30)),
            (r#"{"retry_after":1.0}"#, Some(1)),
            (r#"{"retry_after":1.001}"#, Some(2)),
            (r#"{"retry_after":1e9}"#, None),
            (r#"{"retry_after":-1}"#, None),
            (r#"{"retry_after":true}"#, None),
            (r#"{"retry_after":99999999999999999999.9}"#, Some(86_400)),
        ] {
            let wait = wait.map(Duration::from_secs);
            assert_eq!(Members::read(json).retry_after.wait(), wait, "{json}");
        }
    }

    #[test]
    fn of_a_name_that_comes_twice_the_last_counts() {
        let members = Members::read(r#"{"message":"a","status":1,"message":"b"}"#);
        assert_eq!(members.message.text().as_deref(), Some("b"));
        let members = Members::read(r#"{"message":"a","message":2}"#);
        assert_eq!(members.message.text(), None);
    }

    #[test]
    fn keeps_what_stood_before_a_break() {
        for json in [
            r#"{"message":"a","status":4"#,
            r#"{"message":"a","status":404,"more":[1,{"#,
            r#"{"message":"a",}"#,
            r#"{"message":"a"}{"message":"b"}"#,
        ] {
            assert_eq!(
                Members::read(json).message.text().as_deref(),
                Some("a"),
                "{json}"
            );
        }
        assert_eq!(
            Members::read(r#"{"message":"Token has exp"#).message.text(),
            None
        );
    }

    #[test]
    fn ignores_a_string_that_is_not_text() {
        assert_eq!(
            Members::read(r#"{"message":"\ud800"}"#).message.text(),
            None
        );
    }
}
