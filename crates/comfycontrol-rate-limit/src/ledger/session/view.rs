//! What can be seen from outside.

use super::Session;
use crate::account::Account;
use crate::cooldown::Cooldown;
use crate::ledger::clock::Moment;

/// What all processes together look like, by our own monotonic clock.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct View {
    pub(crate) members: usize,
    pub(crate) waiting: usize,
    pub(crate) unstamped: u64,
    pub(crate) free: u64,
    /// Nothing leaves before, by a cooldown or a pause.
    pub(crate) closed_until: u64,
    /// Nothing more is granted before, for certain.
    pub(crate) certain: u64,
    /// When it is this process's turn, as far as can be foreseen.
    pub(crate) next: Option<u64>,
    pub(crate) episode: u32,
    pub(crate) at: u64,
}

impl Session {
    /// All as it was read last, at `now`.
    pub(crate) fn view(&self, now: Moment) -> Option<View> {
        let (seen, clock) = (self.seen.as_ref()?, self.clock.as_ref()?);
        let (book, quota) = (&seen.book, self.terms.quota);
        let lower = clock.lower(now);
        let gate = Cooldown::restore(&book.gate);
        let closed = gate.closed_until(lower).unwrap_or(0).max(book.hold_until);
        let stamps = book.stamps.iter().copied();
        let mut account = Account::kept(quota.algorithm, quota.limit, quota.window, stamps);
        // Of what has no stamp all may come back unused.
        let certain = account.earliest_for(1).unwrap_or(0).max(closed);
        account.set_unstamped(book.owners.unstamped());
        let is_open = closed <= lower && gate.is_open();
        let here = |time: u64| if time > lower { clock.reaches(time) } else { 0 };
        Some(View {
            members: book.owners.all().len(),
            waiting: book.owners.queue().len(),
            unstamped: book.owners.unstamped(),
            free: if is_open { account.free(lower) } else { 0 },
            closed_until: here(closed),
            certain: here(certain),
            next: seen.look_at,
            episode: book.gate.episode,
            at: now.monotonic,
        })
    }
}
