use std::error::Error;
use std::fmt;

use comfycontrol_core::Escaped;

/// A list has changed so much while it was read that items may have been missed.
///
/// It is the [cause](comfycontrol::Error::as_cause) of the last item of [`Items`](crate::Items).
/// What was yielded is right; read the list again for the rest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ListChanged;

impl fmt::Display for ListChanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("list changes faster than it can be read: read it again")
    }
}

impl Error for ListChanged {}

/// A page has no list of the name that was asked for, or a response is no list where one is due.
///
/// It is the [cause](comfycontrol::Error::as_cause) of the error.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MissingList {
    /// Without a name the response itself is due to be the list.
    pub(super) key: Option<String>,
    pub(super) keys: Vec<String>,
}

impl MissingList {
    /// The names that there are, at most 20.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }
}

impl fmt::Display for MissingList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(
                f,
                "response has no list `{}`",
                Escaped::new(key, MOST_SHOWN)
            )?,
            None => f.write_str("response is no list")?,
        }
        match (self.keys.is_empty(), &self.key) {
            (true, Some(_)) => return f.write_str(", and nothing else"),
            (true, None) => return Ok(()),
            (false, _) => f.write_str(", it has")?,
        }
        for (n, key) in self.keys.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            write!(f, "{comma} `{}`", Escaped::new(key, MOST_SHOWN))?;
        }
        Ok(())
    }
}

impl Error for MissingList {}

/// A page has more than is read of one: 1,000 items, 1,000,000 values in all of them, or 1 MiB,
/// 100,000 values or 128 levels in one of them or in another member.
///
/// A list without pages has 100,000 items at most. An object counts as 20 values, and its members
/// as one each.
///
/// It is the [cause](comfycontrol::Error::as_cause) of the error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PageTooLarge {
    pub(super) what: &'static str,
    pub(super) limit: usize,
}

impl PageTooLarge {
    /// The bound that was passed.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }
}

impl fmt::Display for PageTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "page has more than {} {}", self.limit, self.what)
    }
}

impl Error for PageTooLarge {}

/// Characters a name.
const MOST_SHOWN: usize = 60;
