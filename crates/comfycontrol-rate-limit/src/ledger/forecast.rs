//! When it is a process's turn. Nobody asks the store before, so this must not be late; where it is
//! early, the process asks once more.

use super::terms::Terms;
use crate::account::Account;

/// How many may be granted to who waits behind `ahead` others, of `waiting` in all, and whether that
/// is because those are late.
pub(super) fn share(
    account: &mut Account,
    terms: &Terms,
    now: u64,
    open_since: u64,
    ahead: usize,
    waiting: usize,
) -> (u64, bool) {
    let free = account.free(now);
    if free > ahead as u64 {
        let mut share = (free / waiting as u64).max(1);
        // What nobody has come for in time is anybody's.
        while share + (ahead as u64) < free
            && let Some(since) = account.earliest_for(share + 1)
            && now >= since.max(open_since) + terms.grace() * (share + ahead as u64)
        {
            share += 1;
        }
        return (share, false);
    }
    let Some(earliest) = account.earliest_for(1) else {
        return (0, false);
    };
    // Those before have had their time.
    let patience = terms.grace() * ahead as u64;
    let are_late = now >= earliest.max(open_since) + patience;
    (are_late.into(), are_late)
}

/// When to look again, from `now` on, behind `ahead` others: once those have their grants, if all that
/// may be counted yet gets its stamp this very moment. If they are late, that is seen then.
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

/// How many grants to others are looked at one by one.
const MAX_STEPS: usize = 16;
