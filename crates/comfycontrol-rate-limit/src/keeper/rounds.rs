//! One thing after the other: what the ledger says is to be done, the store does.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{sleep_until, timeout};

use super::error::KeeperError;
use super::outage::Outage;
use crate::admission::{Event, Testament};
use crate::epoch::{Epoch, NEVER, nanos};
use crate::ledger::{Action, Asked, Moment, News, Session, Terms};
use crate::link::Link;
use crate::shared::Shared;
use crate::{Member, Reading, RejectedReason, Replaced, Store, Unavailable, clock, report};

pub(crate) struct Rounds<S> {
    store: S,
    session: Session,
    shared: Weak<Shared>,
    link: Arc<Link>,
    testament: Testament,
    epoch: Epoch,
    /// How long one operation takes at most.
    bound: Duration,
    outage: Outage,
}

/// What the store told.
enum Told {
    Joined,
    Gone(Vec<Member>),
    Read(Reading),
    Replaced(Replaced),
}

impl<S: Store> Rounds<S> {
    pub(crate) fn new(
        store: S,
        session: Session,
        shared: &Arc<Shared>,
        (link, testament): (Arc<Link>, Testament),
        max_outage: Option<u64>,
    ) -> Self {
        let lease = Duration::from_micros(session.terms().lease);
        Self {
            store,
            session,
            shared: Arc::downgrade(shared),
            link,
            testament,
            epoch: shared.epoch,
            bound: (lease / 4).min(MAX_BOUND),
            outage: Outage::new(max_outage),
        }
    }

    pub(crate) async fn run(mut self) -> Result<(), KeeperError> {
        loop {
            let Some(shared) = self.shared.upgrade() else {
                return self.leave().await;
            };
            let now = self.now();
            if self.outage.is_over(now.monotonic) {
                close(&shared, Some(RejectedReason::StoreUnavailable));
            }
            let (mut demand, quota) =
                shared.with(|state| (state.collect(now), state.take_new_quota()));
            if let Some((limit, window)) = quota {
                let terms = self.session.terms();
                let algorithm = terms.quota.algorithm;
                let lease = terms.lease * 1_000;
                self.session
                    .set_terms(Terms::new(algorithm, limit, window, lease, terms.settings));
            }
            let action = self.session.next(now, &mut demand);
            if let Action::Wait(until) = action {
                if let Some(view) = self.session.view(now) {
                    let asked = self.session.asked();
                    shared.with(|state| state.show(view, asked));
                }
                drop(shared);
                self.wait(until).await;
            } else {
                drop(shared);
                self.perform(action).await?;
                tokio::task::consume_budget().await;
            }
        }
    }

    /// Until then, or until something happens here.
    async fn wait(&self, until: u64) {
        let until = until.min(self.outage.deadline().unwrap_or(NEVER));
        let rung = poll_fn(|cx| self.link.poll_rung(cx));
        if until == NEVER {
            return rung.await;
        }
        let mut rung = pin!(rung);
        let mut time = pin!(sleep_until(self.epoch.instant(until)));
        poll_fn(|cx| {
            if rung.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            time.as_mut().poll(cx)
        })
        .await;
    }

    async fn perform(&mut self, action: Action) -> Result<(), KeeperError> {
        let asked = self.now();
        self.outage.begins(asked.monotonic);
        let told = self.ask(action, asked.monotonic).await;
        let answered = self.now();
        let at = Asked { asked, answered };
        let grants = match told {
            Err(error) => {
                if self.outage.fails() {
                    report::store_is_away(&error);
                } else {
                    report::store_is_still_away(&error);
                }
                self.session.failed(answered);
                if let Some(shared) = self.shared.upgrade() {
                    shared.with(|state| state.note_outage(self.outage.since()));
                }
                return Ok(());
            }
            Ok(Told::Joined) => {
                self.session.joined();
                None
            }
            Ok(Told::Gone(members)) => {
                self.session.gone(&members, answered);
                None
            }
            Ok(Told::Read(reading)) => self.session.read(at, reading)?,
            Ok(Told::Replaced(replaced)) => self.session.replaced(at, replaced)?,
        };
        let Some(shared) = self.shared.upgrade() else {
            self.outage.ends();
            return Ok(());
        };
        shared.with(|state| state.note_outage(None));
        if self.outage.ends() {
            report::store_is_back();
            close(&shared, None);
        }
        for news in self.session.take_news() {
            if let News::Gate(Event::CooldownStarted { .. }) = news {
                shared.with(|state| state.count_cooldown());
            }
            report::news(news);
        }
        if let Some(view) = self.session.view(answered) {
            let view = (view, self.session.asked());
            shared.update_quietly(answered.monotonic, |state, now, effects| {
                state.bring(now, grants, view, effects);
            });
        }
        Ok(())
    }

    /// Has the store do it, for so long at most.
    async fn ask(&mut self, action: Action, asked: u64) -> Result<Told, Unavailable> {
        let store = &self.store;
        let told = async {
            Ok(match action {
                Action::Join(member) => {
                    store.join(member).await?;
                    Told::Joined
                }
                Action::Read => Told::Read(store.read().await?),
                Action::Gone(members) => Told::Gone(store.gone(members).await?),
                Action::Replace { seen, record, keep } => {
                    Told::Replaced(store.replace(seen, record, keep).await?)
                }
                Action::Wait(_) => Told::Gone(Vec::new()), // nothing was asked
            })
        };
        let mut told = pin!(timeout(self.bound, told));
        // Calls do not wait longer than they may for an operation that takes long.
        if let Some(deadline) = self.outage.deadline()
            && deadline < asked.saturating_add(nanos(self.bound))
        {
            let mut time = pin!(sleep_until(self.epoch.instant(deadline)));
            let first = poll_fn(|cx| match told.as_mut().poll(cx) {
                Poll::Ready(told) => Poll::Ready(Some(told)),
                Poll::Pending => time.as_mut().poll(cx).map(|()| None),
            });
            if let Some(told) = first.await {
                return answer(told);
            }
            if self.outage.is_over(deadline)
                && let Some(shared) = self.shared.upgrade()
            {
                close(&shared, Some(RejectedReason::StoreUnavailable));
            }
        }
        answer(told.await)
    }

    /// All handles have gone: what is left is told, within half a lease.
    async fn leave(mut self) -> Result<(), KeeperError> {
        let mut demand = self.testament.lock().take().unwrap_or_default();
        if demand.notes.is_empty() && self.session.asked().is_none() {
            return Ok(()); // has never had a slot
        }
        let at_most = Duration::from_micros(self.session.terms().lease) / 2;
        let telling = async {
            loop {
                match self.session.next(self.now(), &mut demand) {
                    Action::Wait(NEVER) => return Ok(()),
                    Action::Wait(until) => sleep_until(self.epoch.instant(until)).await,
                    action => self.perform(action).await?,
                }
            }
        };
        let told = timeout(at_most, telling).await.unwrap_or(Ok(()));
        report::left();
        told
    }

    fn now(&self) -> Moment {
        Moment {
            monotonic: self.epoch.nanos(clock::now()),
            wall: clock::wall(),
        }
    }
}

fn close(shared: &Shared, why: Option<RejectedReason>) {
    shared.update_quietly(shared.now(), |state, now, effects| {
        state.close(now, why, effects);
    });
}

fn answer<T, E>(told: Result<Result<T, Unavailable>, E>) -> Result<T, Unavailable> {
    told.unwrap_or_else(|_| Err(Unavailable::new("it did not answer in time")))
}

/// The longest that one operation may take.
const MAX_BOUND: Duration = Duration::from_secs(2);
