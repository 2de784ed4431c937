//! The one script: it reads, and swaps if told what is there.

use comfycontrol_rate_limit::{Record, Version};
use redis::Value;

use crate::error::{RedisError, RedisErrorKind};

/// What a call costs more than a PING is what the server does here, above all its calls: a swap
/// that wins tells the time only if asked. Numbers are text, as the server would make text of them.
/// The time is read once: within a script it runs on in Redis and stands still in Valkey. It is
/// passed on as the text that it is, since a number of Lua's would be rounded.
pub(crate) const SCRIPT: &str = "\
local call, key, value = redis.call, KEYS[1], ARGV[2]
if value and call('GETRANGE', key, '0', '15') == ARGV[1] then
  call('SET', key, value, 'PX', ARGV[3])
  return ARGV[4] and call('TIME')
end
local time = call('TIME')
time[3] = call('GET', key)
return time";

/// How many of each channel's owners are there.
pub(crate) const PRESENCE: [&str; 2] = ["NUMSUB", "SHARDNUMSUB"];

/// The longest content of a record.
pub(crate) const LONGEST: usize = 64 * 1024;

/// What the script tells.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Told {
    /// It has swapped; the time in microseconds, if it was asked for.
    Won(Option<u64>),
    /// What is there, and the time.
    Kept(Option<Record>, u64),
}

impl Told {
    /// The time in microseconds, if it was told.
    pub(crate) const fn micros(&self) -> Option<u64> {
        match *self {
            Self::Won(micros) => micros,
            Self::Kept(_, micros) => Some(micros),
        }
    }
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
    let values = match value {
        Value::Nil => return Ok(Told::Won(None)),
        Value::Array(values) => values,
        _ => return Err(malformed()),
    };
    let (seconds, micros, kept) = match &values[..] {
        [seconds, micros] => (seconds, micros, None),
        [seconds, micros, kept] => (seconds, micros, Some(kept)),
        _ => return Err(malformed()),
    };
    let seconds = number(seconds).ok_or_else(malformed)?;
    let micros = number(micros).ok_or_else(malformed)?;
    let micros = seconds.saturating_mul(1_000_000).saturating_add(micros);
    Ok(match kept {
        None => Told::Won(Some(micros)),
        Some(Value::Nil) => Told::Kept(None, micros),
        Some(Value::BulkString(kept)) if kept.len() <= 16 + LONGEST => {
            let (version, content) = kept.split_first_chunk().ok_or_else(malformed)?;
            let record = Record {
                version: Version::from_bytes(*version),
                content: content.to_vec(),
            };
            Told::Kept(Some(record), micros)
        }
        Some(_) => return Err(malformed()),
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
        assert_eq!(told(Value::Nil).unwrap(), Told::Won(None));
        let won = [text("1795848743"), text("488947")];
        let won = told(Value::Array(won.into())).unwrap();
        assert_eq!(won, Told::Won(Some(1_795_848_743_488_947)));

        let kept = [&[7; 16][..], b"content"].concat();
        let kept = [text("1"), text("2"), Value::BulkString(kept)];
        let record = Record {
            version: Version::from_bytes([7; 16]),
            content: b"content".into(),
        };
        let kept = told(Value::Array(kept.into())).unwrap();
        assert_eq!(kept, Told::Kept(Some(record), 1_000_002));

        let none = [text("1"), text("2"), Value::Nil];
        let none = told(Value::Array(none.into())).unwrap();
        assert_eq!(none, Told::Kept(None, 1_000_002));
    }

    #[test]
    fn anything_else_is_an_error() {
        for values in [
            vec![],
            vec![text("1")],
            vec![text("-1"), text("2")],
            vec![Value::Int(1), Value::Int(2)],
            vec![text("1"), text("2"), text("too short")],
            vec![text("1"), text("2"), Value::Int(3)],
            vec![text("1"), text("2"), Value::Nil, Value::Nil],
            vec![text("1"), text("2"), Value::BulkString(vec![0; 70_000])],
        ] {
            let error = told(Value::Array(values.clone())).unwrap_err();
            assert_eq!(error.kind(), RedisErrorKind::Malformed, "{values:?}");
        }
        assert!(told(Value::Int(1)).is_err());
    }
}
