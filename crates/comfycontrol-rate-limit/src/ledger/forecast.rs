//! When it is a process's turn. No process asks the store before, so this must not be late; where
//! it is early, the process asks once more.

use super::terms::Terms;
use crate::account::Account;

/// What is granted to a waiting process.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Share {
    pub(super) granted: u64,
    /// How many of those before have had their time, and are not waited for any more.
    pub(super) late: usize,
}

/// The share of a process that waits behind others, of `waiting` in all: `ahead` is how long to
/// wait for each of those.
pub(super) fn share(
    account: &mut Account,
    terms: &Terms,
    now: u64,
    open_since: u64,
    ahead: &[u64],
    waiting: usize,
) -> Share {
    let free = account.free(now);
    // Whether so many slots have been free for that long.
    let mut free_for = |slots: u64, long: u64| {
        let since = account.earliest_for(slots);
        since.is_some_and(|since| now >= since.max(open_since) + long)
    };
    // They did not come for slots of their own. Those are for the process that comes first: the
    // others have worked out when theirs come, and do not look before.
    let (mut missing, mut patience) = (0, 0);
    for long in ahead {
        patience += long;
        if !free_for(missing + 1, patience) {
            break;
        }
        missing += 1;
    }
    let all = ahead.len() as u64;
    let late = if free_for(1, ahead.iter().sum()) {
        all
    } else {
        missing
    };
    let unclaimed = free.saturating_sub(all - late);
    let mut granted = unclaimed.min(1 + missing);
    if free > all {
        let mut share = (free / waiting as u64).max(1);
        // Slots that no process has come for in time are free for any.
        while share + all < free && free_for(share + 1, terms.grace() * (share + all)) {
            share += 1;
        }
        granted = granted.max(share);
    }
    Share {
        granted,
        late: late as usize,
    }
}

/// When the last of those before have had their time, if none of them comes and all others do.
pub(super) fn overdue(
    account: &mut Account,
    terms: &Terms,
    now: u64,
    open_since: u64,
    ahead: &[u64],
) -> u64 {
    let (before, last) = ahead.split_at(ahead.len().saturating_sub(WATCHED));
    let since = account.earliest_for(1);
    let since = since.filter(|since| before.is_empty() && *since <= now);
    let since = since.unwrap_or_else(|| turn(account, terms, now, before.len()));
    since.max(open_since) + last.iter().sum::<u64>()
}

/// When to look again, from `now` on, behind `ahead` others: once those have their grants, if all
/// that may be counted yet gets its stamp this very moment. If they are late, that is seen then.
pub(super) fn turn(account: &Account, terms: &Terms, now: u64, ahead: usize) -> u64 {
    let mut account = account.clone();
    let keeps_unstamped = keeps_unstamped(terms);
    if !keeps_unstamped {
        account.stamp_all(now);
    }
    let mut at = now;
    let steps = ahead.min(MAX_STEPS);
    for step in 0..=steps {
        match account.check(at) {
            Ok(()) => {}
            Err(Some(later)) => at = at.max(later),
            Err(None) => return at + terms.quota.window,
        }
        if step < steps {
            account.take();
            if !keeps_unstamped {
                account.stamp(at);
            }
        }
    }
    let each = terms.quota.window / u64::from(terms.quota.limit);
    at + (ahead - steps) as u64 * each
}

fn keeps_unstamped(terms: &Terms) -> bool {
    #[cfg(test)]
    return terms.is(super::terms::Broken::UnstampedKeptInForecast);
    #[cfg(not(test))]
    {
        let _ = terms;
        false
    }
}

/// How many of those before may be dead at the same time without a loss.
const WATCHED: usize = 3;

/// How many grants to others are looked at one by one.
const MAX_STEPS: usize = 16;
