//! The one script: it reads, and swaps if told what is there.

use comfycontrol_rate_limit::{Record, Version};
use redis::Value;

use crate::error::{RedisError, RedisErrorKind};

/// The time is read once and first: within a script it runs on in Redis and stands still in Valkey.
/// It is passed on as the text that it is, since a number of Lua's would be rounded.
pub(crate) const SCRIPT: &str = "\
local call = redis.call
local time = call('TIME')
if ARGV[2] and call('GETRANGE', KEYS[1], 0, 15) == ARGV[1] then
  call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return {1, time[1], time[2]}
end
return {0, time[1], time[2], call('GET', KEYS[1])}";

/// How many of each channel's owners are there.
pub(crate) const PRESENCE: [&str; 2] = ["NUMSUB", "SHARDNUMSUB"];

/// The longest content of a record.
pub(crate) const LONGEST: usize = 64 * 1024;

/// What a script tells.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Told {
    pub(crate) won: bool,
    pub(crate) micros: u64,
    pub(crate) record: Option<Record>,
}

/// The value of a record: its version, then its content.
pub(crate) fn value(record: &Record) -> Vec<u8> {
    [&record.version.to_bytes()[..], &record.content].concat()
}

/// The argument that stands for a version; that of no record is nothing.
pub(crate) fn seen(version: Option<Version>) -> Vec<u8> {
    version.map_or_else(Vec::new, |version| version.to_bytes().to_vec())
}

/// What the script has told.
///
/// # Errors
///
/// [`RedisErrorKind::Malformed`] if it is something else.
pub(crate) fn told(value: Value) -> Result<Told, RedisError> {
    let malformed = || RedisError::new(RedisErrorKind::Malformed);
    let Value::Array(values) = value else {
        return Err(malformed());
    };
    let (won, seconds, micros, kept) = match &values[..] {
        [Value::Int(1), seconds, micros] => (true, seconds, micros, None),
        [Value::Int(0), seconds, micros, kept] => (false, seconds, micros, Some(kept)),
        _ => return Err(malformed()),
    };
    let seconds = number(seconds).ok_or_else(malformed)?;
    let micros = number(micros).ok_or_else(malformed)?;
    let record = match kept {
        None | Some(Value::Nil) => None,
        Some(Value::BulkString(kept)) if kept.len() <= 16 + LONGEST => {
            let (version, content) = kept.split_first_chunk().ok_or_else(malformed)?;
            Some(Record {
                version: Version::from_bytes(*version),
                content: content.to_vec(),
            })
        }
        Some(_) => return Err(malformed()),
    };
    Ok(Told {
        won,
        micros: seconds.saturating_mul(1_000_000).saturating_add(micros),
        record,
    })
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::BulkString(text) => std::str::from_utf8(text).ok()?.parse().ok(),
        Value::SimpleString(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    #[test]
    fn what_the_script_tells_is_read() {
        let won = [Value::Int(1), text("1795848743"), text("488947")];
        let won = told(Value::Array(won.into())).unwrap();
        assert_eq!((won.won, won.micros), (true, 1_795_848_743_488_947));

        let kept = [&[7; 16][..], b"content"].concat();
        let lost = [Value::Int(0), text("1"), text("2"), Value::BulkString(kept)];
        let record = told(Value::Array(lost.into())).unwrap().record.unwrap();
        assert_eq!(record.version, Version::from_bytes([7; 16]));
        assert_eq!(record.content, b"content");

        let none = [Value::Int(0), text("1"), text("2"), Value::Nil];
        assert_eq!(told(Value::Array(none.into())).unwrap().record, None);
    }

    #[test]
    fn anything_else_is_an_error() {
        for values in [
            vec![],
            vec![Value::Int(1), text("1")],
            vec![Value::Int(1), text("-1"), text("2")],
            vec![Value::Int(1), Value::Int(1), Value::Int(2)],
            vec![Value::Int(0), text("1"), text("2"), text("too short")],
            vec![Value::Int(0), text("1"), text("2"), Value::Int(3)],
            vec![
                Value::Int(0),
                text("1"),
                text("2"),
                Value::BulkString(vec![0; 70_000]),
            ],
        ] {
            let error = told(Value::Array(values.clone())).unwrap_err();
            assert_eq!(error.kind(), RedisErrorKind::Malformed, "{values:?}");
        }
        assert!(told(Value::Nil).is_err());
    }
}
