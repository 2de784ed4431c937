//! The slots of a budget that is shared with other processes. The account here is a purse: it has
//! what the keeper has got and no more. The gate knows only of manual pauses.

use super::Slots;
use crate::RejectedReason;
use crate::account::Account;
use crate::admission::desk::Desk;
use crate::admission::settings::Settings;
use crate::admission::slot::{DispatchedSlot, Grant, Outcome};
use crate::cooldown::Cooldown;
use crate::ledger::{Demand, Grants, Moment, View};

impl Slots {
    pub(in crate::admission) fn shared(settings: Settings, desk: Desk) -> Self {
        Self {
            account: Account::purse(),
            gate: Cooldown::new(),
            timeless: 0,
            settings,
            granted: 0,
            settled: 0,
            in_flight: Default::default(),
            desk: Some(Box::new(desk)),
        }
    }

    pub(in crate::admission) fn desk(&self) -> Option<&Desk> {
        self.desk.as_deref()
    }

    /// As [`lower_bound`](Self::lower_bound): what is certain of all processes.
    pub(in crate::admission) fn lower_bound_shared(&self, now: u64) -> u64 {
        let closed = self.gate.closed_until(now).unwrap_or(now);
        let certain = self.desk.as_ref().map(|desk| desk.view.certain);
        closed.max(certain.unwrap_or(now))
    }

    pub(in crate::admission) fn collect(
        &mut self,
        now: Moment,
        wanted: u64,
        is_paused: bool,
    ) -> Demand {
        let Some(desk) = &mut self.desk else {
            return Demand::default();
        };
        if wanted == 0 || is_paused {
            desk.give_up_unused(&mut self.account);
        }
        desk.collect(now, self.account.limit(), wanted)
    }

    pub(in crate::admission) fn take_new_quota(&mut self) -> Option<(u32, u64)> {
        let desk = self.desk.as_mut()?;
        std::mem::take(&mut desk.is_quota_new).then_some(desk.quota)
    }

    pub(in crate::admission) fn fund(&mut self, grants: Grants) {
        if let Some(desk) = &mut self.desk {
            self.account.give(grants.count);
            desk.probe = grants.probe.or(desk.probe);
        }
    }

    /// Returns whether a request was throttled since.
    pub(in crate::admission) fn show(&mut self, view: View, asked: Option<Moment>) -> bool {
        let Some(desk) = &mut self.desk else {
            return false;
        };
        let before = desk.episode;
        desk.show(view, asked);
        self.gate.follow(view.episode);
        before != view.episode
    }

    pub(in crate::admission) fn close(&mut self, why: Option<RejectedReason>) {
        if let Some(desk) = &mut self.desk {
            desk.close(why, &mut self.settings);
        }
    }

    pub(in crate::admission) fn note_outage(&mut self, since: Option<u64>) {
        if let Some(desk) = &mut self.desk {
            desk.away_since = since;
        }
    }

    pub(in crate::admission) fn closed(&self) -> Option<RejectedReason> {
        self.desk.as_ref()?.closed
    }

    pub(in crate::admission) fn is_in_time(&self, now: Moment) -> bool {
        self.desk.as_ref().is_none_or(|desk| desk.is_in_time(now))
    }

    pub(in crate::admission) fn give_up_unused(&mut self) {
        if let Some(desk) = &mut self.desk {
            desk.give_up_unused(&mut self.account);
        }
    }

    pub(super) fn dispatch_shared(&mut self, now: u64, grant: Grant) -> DispatchedSlot {
        let mut slot = DispatchedSlot::of(grant);
        if let Some(desk) = &mut self.desk {
            let transit = self.settings.max_transit;
            slot.stamp_at(desk.dispatch(now, &mut self.account, transit));
        }
        slot
    }

    pub(in crate::admission) fn settle_shared(
        &mut self,
        now: u64,
        slot: &DispatchedSlot,
        outcome: Outcome,
    ) {
        self.settled += 1;
        if let Some(desk) = &mut self.desk {
            let is_stamped = slot.stamp() != Some(0);
            let of = (slot.episode, slot.probe, is_stamped);
            desk.settle(now, &mut self.account, &self.settings, of, outcome);
        }
    }
}
