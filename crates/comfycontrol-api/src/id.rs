//! The ids of the API's resources.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{null, shown};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        ///
        /// Any text: the API says UUID, and gives others too. An id that the API left out is empty,
        /// and a call with it fails before anything is sent. `Display` and `Debug` mask tokens and
        /// escape control characters; [`as_str`](Self::as_str) is the API's own text.
        #[derive(Clone, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as the API writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&shown::text(&self.0), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name))
                    .field(&shown::text(&self.0))
                    .finish()
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                null::or_default(deserializer).map(Self)
            }
        }
    )*};
}

ids! {
    /// The id of a [`ManagedRunner`](crate::ManagedRunner).
    ManagedRunnerId,
    /// The id of an [`Output`](crate::Output).
    OutputId,
    /// The id of a [`Runner`](crate::Runner).
    RunnerId,
    /// The id of a [`Template`](crate::Template).
    TemplateId,
    /// The id of a [`User`](crate::User).
    UserId,
    /// The id of a workflow: of one run, since a rerun has an id of its own.
    WorkflowId,
}
