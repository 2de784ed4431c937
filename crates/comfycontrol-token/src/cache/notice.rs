use std::time::Duration;

use crate::{Fingerprint, SourceError};

/// Something to log, once the lock is open.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Notice {
    Expired(Fingerprint),
    ExpiresIn(Fingerprint, Duration),
    Failed(SourceError),
    Replaced(Fingerprint, Fingerprint),
    TakenBack(SourceError, Fingerprint),
}
