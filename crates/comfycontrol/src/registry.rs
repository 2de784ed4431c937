//! One limiter per address, shared by the clients of a process.
//!
//! The API counts by IP address, not by token. Two clients of one process stand behind the same
//! address, so each with a limiter of its own would send twice what is allowed. This is the one
//! piece of state the crate keeps process-wide. It holds limiters weakly: the last client or handle
//! to go takes its limiter with it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use comfycontrol_rate_limit::{Limiter, WeakLimiter};
use comfycontrol_token::Origin;

/// What decides by which address the server sees us: the origin we ask, and the proxy we go
/// through.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Key {
    pub(crate) origin: Origin,
    pub(crate) proxy: Option<String>,
}

/// The limiter for `key`, made now if no client has one.
pub(crate) fn shared(key: Key, make: impl FnOnce() -> Limiter) -> Limiter {
    // A panic cannot leave the map half-written.
    let mut limiters = LIMITERS.lock().unwrap_or_else(PoisonError::into_inner);
    let limiters = limiters.get_or_insert_with(HashMap::new);
    if let Some(limiter) = limiters.get(&key).and_then(WeakLimiter::upgrade) {
        return limiter;
    }
    limiters.retain(|_, limiter| limiter.upgrade().is_some());
    let limiter = make();
    limiters.insert(key, limiter.downgrade());
    limiter
}

static LIMITERS: Mutex<Option<HashMap<Key, WeakLimiter>>> = Mutex::new(None);

#[cfg(test)]
mod tests {
    use super::*;
    use comfycontrol_rate_limit::Quota;

    fn limiter(proxy: Option<&str>) -> Limiter {
        let key = Key {
            origin: Origin::parse("https://registry.test").unwrap(),
            proxy: proxy.map(Into::into),
        };
        shared(key, || Limiter::new(Quota::COMFYCONTROL))
    }

    #[test]
    fn clients_behind_one_address_share_and_the_last_one_forgets() {
        let first = limiter(None);
        assert!(first.same_limiter(&limiter(None)));
        assert!(!first.same_limiter(&limiter(Some("http://proxy.test"))));

        let gone = first.downgrade();
        drop(first);
        assert!(gone.upgrade().is_none());
    }
}
