use std::time::SystemTime;

use crate::cache::Cache;
use crate::{Fingerprint, SourceError, Token};

/// How [`Tokens`](crate::Tokens) stood at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    source: String,
    fingerprint: Option<Fingerprint>,
    expires_at: Option<SystemTime>,
    generation: u64,
    refused: bool,
    error: Option<SourceError>,
}

impl Snapshot {
    pub(crate) fn of(source: &str, cache: &Cache) -> Self {
        let present = cache.present();
        Self {
            source: source.into(),
            fingerprint: present.map(Token::fingerprint),
            expires_at: present.and_then(Token::expires_at),
            generation: cache.generation(),
            refused: cache.is_rejected(),
            error: cache.error().cloned(),
        }
    }

    /// The source's name.
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

    /// Whether the server has answered 401 to the token in use, and has not accepted it since.
    pub fn is_refused(&self) -> bool {
        self.refused
    }

    /// What was wrong at the last reading; `None` once a reading went well.
    pub fn error(&self) -> Option<&SourceError> {
        self.error.as_ref()
    }
}
