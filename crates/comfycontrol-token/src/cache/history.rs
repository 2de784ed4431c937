use std::collections::VecDeque;
use std::mem;
use std::time::SystemTime;

use http::HeaderValue;

use super::expiry::{TAKEOVER, time_left};
use super::known::{Asked, Known};
use super::notice::Notice;
use crate::{Fingerprint, Token};

/// The token in use, the one that may be the next, and those before.
pub(super) struct History {
    pub(super) current: Option<Known>,
    /// Read once, and not believed before it has been read again.
    pub(super) candidate: Option<Token>,
    /// The latest first.
    past: VecDeque<Known>,
    generation: u64,
}

impl History {
    pub(super) fn new() -> Self {
        Self {
            current: None,
            candidate: None,
            past: VecDeque::new(),
            generation: 0,
        }
    }

    /// Puts `token` in use.
    pub(super) fn adopt(&mut self, token: Token, on_trial: bool) -> Option<Notice> {
        self.candidate = None;
        self.generation += 1;
        let unauthorized = self.is_unauthorized(&token);
        let same = |past: &Known| past.token.is_same(&token);
        let at = self.past.iter().position(same);
        let before = at.and_then(|at| self.past.remove(at));
        let mut new = Known::new(token, self.generation, on_trial);
        // A token that had a 401 is tried again only for want of another, and not announced as new.
        new.unauthorized = unauthorized.then_some(Asked::Yes);
        if let Some(before) = before {
            new.keep_warnings(&before);
        }
        let fingerprint = new.token.fingerprint();
        let old = self.current.replace(new)?;
        let notice = Notice::Replaced(old.token.fingerprint(), fingerprint);
        if self.past.len() == REMEMBERED {
            self.past.pop_back();
        }
        self.past.push_front(old);
        Some(notice)
    }

    /// Puts the token before back in the place of one on trial, if that one still works.
    ///
    /// It keeps its generation, so that a 401 to a request still under way is known to be its own.
    pub(super) fn take_back(&mut self) -> Option<Fingerprint> {
        let current = self.current.as_mut().filter(|current| current.on_trial)?;
        let at = self.past.iter().position(Known::works)?;
        let before = self.past.remove(at)?;
        let fingerprint = before.token.fingerprint();
        let unauthorized = mem::replace(current, before);
        self.past.push_front(unauthorized);
        Some(fingerprint)
    }

    /// Notes a 401 to an earlier token.
    pub(super) fn past_unauthorized(&mut self, generation: u64) {
        for past in &mut self.past {
            if past.generation == generation {
                past.unauthorized.get_or_insert(Asked::Yes);
            }
        }
    }

    /// Notes that the server accepts the token of `generation`, if that is in use.
    pub(super) fn accepted(&mut self, generation: u64) {
        if let Some(current) = &mut self.current
            && current.generation == generation
        {
            current.unauthorized = None;
            current.on_trial = false;
        }
    }

    /// Notes how far the source has been asked about the token in use.
    pub(super) fn advance(&mut self, from: Asked, to: Asked) {
        if let Some(current) = &mut self.current {
            current.advance(from, to);
        }
    }

    /// Whether the token in use works: the server sent no 401 for it, and its date is not past.
    pub(super) fn works(&self) -> bool {
        self.current.as_ref().is_some_and(Known::works)
    }

    pub(super) fn present(&self) -> Option<&Token> {
        self.current.as_ref().map(|current| &current.token)
    }

    /// How many tokens there have been.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the server sent a 401 for the token in use.
    pub(super) fn present_is_unauthorized(&self) -> bool {
        self.current
            .as_ref()
            .is_some_and(|current| current.unauthorized.is_some())
    }

    /// Whether the server sent a 401 for `token`.
    pub(super) fn is_unauthorized(&self, token: &Token) -> bool {
        self.past
            .iter()
            .any(|past| past.unauthorized.is_some() && past.token.is_same(token))
            || self.present_is_unauthorized()
                && self.present().is_some_and(|present| present.is_same(token))
    }

    /// Whether `token` is better than none: without a 401, and not about to end.
    pub(super) fn is_good(&self, token: &Token, wall: SystemTime) -> bool {
        !self.is_unauthorized(token) && time_left(token, wall).is_none_or(|left| left > TAKEOVER)
    }

    /// Whether `value` carries a token that is, was or may soon be in use.
    pub(super) fn knows(&self, value: &HeaderValue) -> bool {
        let past = self.past.iter().map(|past| &past.token);
        self.present()
            .into_iter()
            .chain(&self.candidate)
            .chain(past)
            .any(|token| token.is_in(value))
    }
}

/// How many earlier tokens are remembered: enough for requests that took long, and not a store of
/// secrets.
const REMEMBERED: usize = 4;
