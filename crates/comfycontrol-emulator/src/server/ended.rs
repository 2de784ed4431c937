//! Responses that end early, as hyper is told of them.

use std::error::Error;
use std::fmt;

use crate::Ending;
use crate::network::Cut;

/// The error by which hyper learns that a response ends now, and with which code its stream.
#[derive(Debug)]
pub(super) struct Ended(Option<h2::Error>);

impl Ended {
    /// Ends the connection behind `cut`, or leaves it to the stream.
    pub(super) fn new(ending: Ending, cut: &Cut) -> Self {
        let reason = match ending {
            Ending::Cancel => h2::Reason::CANCEL,
            Ending::Close => {
                cut.close();
                return Self(None);
            }
            Ending::EnhanceYourCalm => h2::Reason::ENHANCE_YOUR_CALM,
            Ending::InternalError => h2::Reason::INTERNAL_ERROR,
            Ending::NoError => h2::Reason::NO_ERROR,
            Ending::RefusedStream => h2::Reason::REFUSED_STREAM,
            Ending::Reset => {
                cut.reset();
                return Self(None);
            }
        };
        Self(Some(reason.into()))
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("response ended early")
    }
}

impl Error for Ended {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // Where hyper looks for the code.
        self.0.as_ref().map(|error| error as _)
    }
}
