use std::time::SystemTime;

use crate::cache::Cache;
use crate::{Fingerprint, SourceError, Token};

/// How a [`TokenProvider`](crate::TokenProvider) stood at one moment, for health checks and
/// metrics.
#[derive(Clone, Debug)]
pub struct Snapshot {
    source: String,
    fingerprint: Option<Fingerprint>,
    expires_at: Option<SystemTime>,
    generation: u64,
    unauthorized: bool,
    error: Option<SourceError>,
}

impl Snapshot {
    pub(super) fn of(source: &str, cache: &Cache) -> Self {
        let present = cache.present();
        Self {
            source: source.into(),
            fingerprint: present.map(Token::fingerprint),
            expires_at: present.and_then(Token::expires_at),
            generation: cache.generation(),
            unauthorized: cache.is_unauthorized(),
            error: cache.error().cloned(),
        }
    }

    /// The name of the source that the token is read from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The fingerprint of the token in use, if there is one.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.fingerprint
    }

    /// When the token in use ends, if that is known.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }

    /// How many tokens there have been; 0 before the first.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the server has sent a 401 for the token in use, and has not accepted it since.
    pub fn is_unauthorized(&self) -> bool {
        self.unauthorized
    }

    /// What was wrong at the last reading; `None` once a reading went well.
    pub fn error(&self) -> Option<&SourceError> {
        self.error.as_ref()
    }
}
