//! What the clones of a gateway share.

use std::time::Duration;

use comfycontrol::Client;
use comfycontrol::priority::PriorityLimiter;
use comfycontrol::rate_limit::Quota;

use crate::caller::Callers;
use crate::clock;
use crate::fields::Left;
use crate::host::Hosts;
use crate::pages::Pages;
use crate::record::Observer;
use crate::spool::Spool;
use crate::stop::Stop;

pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) priority: PriorityLimiter,
    pub(crate) quota: Quota,
    pub(crate) max_wait: Duration,
    pub(crate) hosts: Hosts,
    pub(crate) callers: Callers,
    pub(crate) spool: Spool,
    pub(crate) pages: Option<Pages>,
    pub(crate) observer: Option<Observer>,
    pub(crate) stop: Stop,
}

impl Shared {
    /// How many calls could leave now; none while others wait.
    pub(crate) fn left(&self) -> Left {
        let limiter = self.priority.limiter().snapshot();
        let now = clock::now();
        let next = limiter.next_slot().max(limiter.paused_until());
        let waits = limiter.queued() > 0 || self.priority.snapshot().queued() > 0;
        Left {
            calls: if waits { 0 } else { limiter.free() },
            until_more: next.map(|at| at.saturating_duration_since(now)),
        }
    }

    /// How long it takes about until a call that comes now could leave.
    pub(crate) fn wait(&self) -> Duration {
        let queued = self.priority.snapshot().queued();
        let queued = u32::try_from(queued).unwrap_or(u32::MAX);
        let each = self.quota.per() / self.quota.requests();
        let next = self.left().until_more.unwrap_or_default();
        next.saturating_add(each.saturating_mul(queued))
            .min(MAX_WAIT)
    }
}

const MAX_WAIT: Duration = Duration::from_secs(60 * 60);
