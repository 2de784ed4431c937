//! What an account tells of its tokens.

use std::time::SystemTime;

/// What is known of one token: its name, its life and its use, but not its text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenInfo {
    pub(super) name: String,
    pub(super) expires: Option<SystemTime>,
    pub(super) revoked: bool,
    pub(super) first_used: Option<SystemTime>,
    pub(super) last_used: Option<SystemTime>,
    pub(super) uses: u64,
}

impl TokenInfo {
    /// The name that the token was made with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first instant at which the token is no longer accepted.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// Whether the token has been revoked.
    pub fn is_revoked(&self) -> bool {
        self.revoked
    }

    /// When a request was first admitted with the token.
    pub fn first_used(&self) -> Option<SystemTime> {
        self.first_used
    }

    /// When a request was last admitted with the token.
    pub fn last_used(&self) -> Option<SystemTime> {
        self.last_used
    }

    /// How many requests were admitted with the token.
    pub fn uses(&self) -> u64 {
        self.uses
    }
}
