use std::time::{Duration, SystemTime};

use http::HeaderValue;
use tokio::time::Instant;

use super::expiry::{TAKEOVER, time_left};
use super::notice::Notice;
use crate::Token;

/// A token that is or was in use, and what the server and the calendar say of it.
pub(super) struct Known {
    pub(super) token: Token,
    pub(super) generation: u64,
    /// It took the place of a token that works, and the server has not accepted it yet.
    pub(super) on_trial: bool,
    /// The server sent a 401 for it.
    pub(super) unauthorized: Option<Asked>,
    /// When the source was last asked for another because of a 401, and had none.
    pub(super) asked_in_vain: Option<Instant>,
    /// Its date is past by the local clock.
    expired: Option<Asked>,
    pub(super) expires_soon: bool,
    warned: Warned,
}

/// Whether the source has been read since the token fell into doubt.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Asked {
    No,
    UnderWay,
    Yes,
}

#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Warned {
    No,
    Soon,
    Expired,
}

/// A token on its way out.
pub(crate) struct Outgoing {
    pub(crate) header: HeaderValue,
    pub(crate) generation: u64,
    /// Whether its acceptance would be news: it is on trial, or had a 401 before.
    pub(crate) unconfirmed: bool,
}

impl Known {
    pub(super) fn new(token: Token, generation: u64, on_trial: bool) -> Self {
        Self {
            token,
            generation,
            on_trial,
            unauthorized: None,
            asked_in_vain: None,
            expired: None,
            expires_soon: false,
            warned: Warned::No,
        }
    }

    /// Warns no more of what was warned of when the same token was in use `before`.
    pub(super) fn keep_warnings(&mut self, before: &Self) {
        self.warned = before.warned;
    }

    pub(super) fn works(&self) -> bool {
        self.unauthorized.is_none() && self.expired.is_none()
    }

    /// Whether it should not go out before the source has been asked for a better one.
    ///
    /// Once only: the local clock may be wrong, and a 401 may be due to what was asked for. After
    /// one reading in vain it goes out at once.
    pub(super) fn waits_for_source(&self) -> bool {
        self.doubts().any(|asked| asked != Asked::Yes)
    }

    /// Whether it is in doubt and the source knows nothing of it yet.
    pub(super) fn is_unasked(&self) -> bool {
        self.doubts().any(|asked| asked == Asked::No)
    }

    fn doubts(&self) -> impl Iterator<Item = Asked> {
        [self.unauthorized, self.expired].into_iter().flatten()
    }

    /// Notes how far the source has been asked, in every doubt that stands at `from`.
    pub(super) fn advance(&mut self, from: Asked, to: Asked) {
        for doubt in [&mut self.unauthorized, &mut self.expired]
            .into_iter()
            .flatten()
        {
            if *doubt == from {
                *doubt = to;
            }
        }
    }

    /// Notes how long it has to live, and says so once.
    pub(super) fn assess_expiry(
        &mut self,
        wall: SystemTime,
        warn_before: Duration,
    ) -> Option<Notice> {
        let left = time_left(&self.token, wall);
        self.expired = match left {
            Some(Duration::ZERO) => self.expired.or(Some(Asked::No)),
            _ => None,
        };
        self.expires_soon = left.is_some_and(|left| left <= TAKEOVER);
        let fingerprint = self.token.fingerprint();
        let (warned, notice) = match left? {
            Duration::ZERO => (Warned::Expired, Notice::Expired(fingerprint)),
            left if left <= warn_before => (Warned::Soon, Notice::ExpiresIn(fingerprint, left)),
            _ => return None,
        };
        let news = self.warned < warned;
        self.warned = self.warned.max(warned);
        news.then_some(notice)
    }

    /// The source has just been read: it need not be asked about the date again.
    pub(super) fn expiry_is_asked(&mut self) {
        self.expired = self.expired.map(|_| Asked::Yes);
    }

    pub(super) fn outgoing(&self) -> Outgoing {
        Outgoing {
            header: self.token.header().clone(),
            generation: self.generation,
            unconfirmed: self.on_trial || self.unauthorized.is_some(),
        }
    }
}
