use std::fmt;
use std::sync::Arc;

/// A request extension: how urgent a call is, and whose it is.
///
/// A request without one has urgency [`DEFAULT`](Urgency::DEFAULT) and no key. All calls without a
/// key of one urgency are one line.
///
/// ```
/// use comfycontrol_priority::{Priority, Urgency};
/// use http::Request;
///
/// let mut request = Request::new(());
/// let priority = Priority::new(Urgency::BACKGROUND).with_key("nightly renders");
/// request.extensions_mut().insert(priority);
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Priority {
    urgency: Urgency,
    key: Option<Key>,
}

impl Priority {
    /// Creates a priority of that urgency, without a key.
    pub const fn new(urgency: Urgency) -> Self {
        Self { urgency, key: None }
    }

    /// Sets whose call it is: of one urgency, keys have turns alike, however many calls each has.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<Key>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// How urgent the call is.
    pub fn urgency(&self) -> Urgency {
        self.urgency
    }

    /// The key of the call, if one was set: whose call it is.
    pub fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }
}

impl From<Urgency> for Priority {
    fn from(urgency: Urgency) -> Self {
        Self::new(urgency)
    }
}

/// How urgent a call is: 0 to 7, the smaller the more urgent, as in [RFC 9218 §4.1].
///
/// [RFC 9218 §4.1]: https://www.rfc-editor.org/rfc/rfc9218#section-4.1
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Urgency(u8);

impl Urgency {
    /// The highest urgency, 0.
    pub const HIGHEST: Self = Self(0);
    /// A person waits for it, 1.
    pub const INTERACTIVE: Self = Self(1);
    /// The urgency of a call that says nothing, 3.
    pub const DEFAULT: Self = Self(3);
    /// Bulk: it may take as long as it takes, 7.
    pub const BACKGROUND: Self = Self(7);

    /// How many there are.
    pub(crate) const COUNT: usize = 8;

    /// The urgency of that number; `None` above 7.
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < Self::COUNT {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The number of the urgency, 0 to 7.
    pub const fn get(self) -> u8 {
        self.0
    }

    pub(crate) fn index(self) -> usize {
        self.0.into()
    }
}

impl Default for Urgency {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for Urgency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names whose calls they are, so that each user, job or caller has turns of its own.
///
/// It is shown by `Debug`, so no secret.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Key(Arc<str>);

impl Key {
    /// The text of the key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<Arc<str>>> From<T> for Key {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_and_urgency_are_shown_as_they_were_given() {
        let key = Key::from("nightly renders");
        assert_eq!(key.as_str(), "nightly renders");
        assert_eq!(
            format!("{key} {key:?}"),
            "nightly renders \"nightly renders\""
        );
        let shown = Urgency::BACKGROUND.to_string();
        assert_eq!(shown, Urgency::BACKGROUND.get().to_string());
        assert_ne!(shown, Urgency::DEFAULT.to_string());
    }
}
