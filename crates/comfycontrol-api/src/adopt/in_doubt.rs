use std::error::Error as StdError;
use std::fmt;

use comfycontrol::Error;

use crate::shown;

/// Whether a run was started is not known. Nothing was sent again.
///
/// It is the [cause](Error::as_cause) of an error of the kind
/// [`InDoubt`](comfycontrol::ErrorKind::InDoubt). [`Workflows::adopt`](crate::Workflows::adopt)
/// looks for the run once more.
#[derive(Debug)]
pub struct RunInDoubt {
    name: String,
    why: Why,
}

/// Why it is not known.
#[derive(Debug)]
pub(crate) enum Why {
    /// One run is there that may be it, by another name.
    Alike,
    /// The list could not be read.
    List(Error),
    /// So many requests were lost. None has started a run as far as can be seen; the last failed
    /// like this.
    Lost(u32, Error),
    /// So many runs are newer, or as new, and the list goes on.
    TooMany(usize),
    /// The API has said that it has started it, and does not list it.
    Unlisted,
}

impl RunInDoubt {
    pub(crate) fn of(name: &str, why: Why) -> Error {
        let name = name.to_owned();
        Error::in_doubt(Self { name, why })
    }

    /// The name that the run has, if there is one.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for RunInDoubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = shown::text(&self.name);
        write!(f, "whether the run `{name}` was started is not known: ")?;
        match &self.why {
            Why::Alike => f.write_str("one whose name has its key in another form may be it"),
            Why::List(_) => f.write_str("the workflows could not be listed"),
            Why::Lost(1, _) => f.write_str("its request was lost, and is not sent again"),
            Why::Lost(n, _) => write!(f, "{n} requests for it were lost"),
            Why::TooMany(n) => write!(f, "it is not among the last {n} of the list"),
            Why::Unlisted => f.write_str("the API said that it was, and does not list it"),
        }
    }
}

impl StdError for RunInDoubt {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.why {
            Why::List(e) | Why::Lost(_, e) => Some(e),
            Why::Alike | Why::TooMany(_) | Why::Unlisted => None,
        }
    }
}
