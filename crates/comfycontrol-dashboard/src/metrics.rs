//! All numbers in Prometheus' text form, made when they are asked for: nothing is kept for a
//! scrape.

use std::fmt;
use std::time::SystemTime;

use comfycontrol_priority::Snapshot as QueueSnapshot;
use comfycontrol_rate_limit::Snapshot as BudgetSnapshot;
use comfycontrol_token::Snapshot as TokenSnapshot;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeGaugeValue, EncodeLabelSet, NoLabelSet, prometheus_text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use tokio::time::Instant;

use crate::histogram::Histogram;
use crate::outcome::Class;
use crate::records::Records;

/// Its `Content-Type`.
pub(crate) const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// What was seen at one moment.
#[derive(Debug)]
pub(crate) struct Scrape {
    pub(crate) now: Instant,
    pub(crate) is_ready: bool,
    pub(crate) streams: usize,
    pub(crate) budget: Option<BudgetSnapshot>,
    pub(crate) queue: Option<QueueSnapshot>,
    pub(crate) token: Option<TokenSnapshot>,
    pub(crate) calls: Option<CallMetrics>,
}

/// Calls that have ended.
#[derive(Debug)]
pub(crate) struct CallMetrics {
    totals: [u64; Class::COUNT],
    wait: Histogram,
    duration: Histogram,
}

impl CallMetrics {
    pub(crate) fn of(records: &Records) -> Self {
        Self {
            totals: records.totals(),
            wait: records.wait().clone(),
            duration: records.duration().clone(),
        }
    }
}

/// The text.
pub(crate) fn text(scrape: Scrape) -> String {
    let mut registry = Registry::with_prefix("comfycontrol");
    registry.register_collector(Box::new(scrape));
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = prometheus_text::encode(&mut text, &registry);
    text
}

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut to = Writer(encoder);
        to.gauge(
            "ready",
            "Whether calls are worth sending here",
            u64::from(self.is_ready),
        )?;
        to.gauge(
            "dashboard_streams",
            "Pages that are shown live",
            self.streams as u64,
        )?;
        if let Some(seen) = &self.budget {
            budget(&mut to, seen, self.now)?;
        }
        if let Some(seen) = &self.queue {
            to.gauge(
                "priority_queued",
                "Calls that wait for their turn",
                seen.queued() as u64,
            )?;
            to.counter(
                "priority_rejected",
                "Calls rejected before their turn",
                seen.rejected(),
            )?;
        }
        if let Some(seen) = &self.token {
            token(&mut to, seen)?;
        }
        if let Some(calls) = &self.calls {
            let classes = Class::NAMES.into_iter().zip(calls.totals);
            let classes = classes.map(|(class, count)| ([("class", class)], count));
            to.counters(
                "calls",
                "Calls that have ended, by what came of them",
                classes,
            )?;
            to.histogram(
                "call_wait_seconds",
                "How long calls waited before they left",
                &calls.wait,
            )?;
            to.histogram(
                "call_duration_seconds",
                "How long calls took in all",
                &calls.duration,
            )?;
        }
        Ok(())
    }
}

fn budget(to: &mut Writer<'_>, seen: &BudgetSnapshot, now: Instant) -> fmt::Result {
    let paused = seen
        .paused_until()
        .map(|at| at.saturating_duration_since(now));
    let paused = paused.unwrap_or_default().as_secs_f64();
    to.gauge(
        "rate_limit_slots",
        "Requests that the quota allows in a window",
        seen.limit(),
    )?;
    to.gauge(
        "rate_limit_slots_free",
        "Requests that could leave at once",
        seen.free(),
    )?;
    to.gauge(
        "rate_limit_in_flight",
        "Requests without a response yet",
        seen.in_flight(),
    )?;
    to.gauge(
        "rate_limit_queued",
        "Calls that wait for a slot",
        seen.queued() as u64,
    )?;
    to.gauge(
        "rate_limit_paused_seconds",
        "For how long nothing leaves for certain",
        paused,
    )?;
    to.counter(
        "rate_limit_granted",
        "Slots granted and not given back",
        seen.granted(),
    )?;
    to.counter("rate_limit_waited", "Calls that had to wait", seen.waited())?;
    to.counter(
        "rate_limit_rejected",
        "Calls rejected by the limiter",
        seen.rejected(),
    )?;
    to.counter(
        "rate_limit_throttled",
        "Requests that the server throttled",
        seen.throttled(),
    )?;
    to.counter(
        "rate_limit_lost",
        "Requests without a response",
        seen.lost(),
    )?;
    to.counter("rate_limit_cooldowns", "Cooldowns", seen.cooldowns())?;
    if let Some(fleet) = seen.fleet() {
        let is_up = u64::from(fleet.away_since().is_none());
        let members = fleet.members() as u64;
        to.gauge(
            "rate_limit_store_up",
            "Whether the store of the shared budget answers",
            is_up,
        )?;
        to.gauge(
            "rate_limit_members",
            "Limiters that share the budget",
            members,
        )?;
        to.gauge(
            "rate_limit_fleet_in_flight",
            "Requests of all processes",
            fleet.in_flight(),
        )?;
    }
    Ok(())
}

fn token(to: &mut Writer<'_>, seen: &TokenSnapshot) -> fmt::Result {
    let is_present = u64::from(seen.fingerprint().is_some());
    let is_unauthorized = u64::from(seen.is_unauthorized());
    to.gauge("token_present", "Whether there is a token", is_present)?;
    to.gauge(
        "token_unauthorized",
        "Whether the server rejects the token",
        is_unauthorized,
    )?;
    to.gauge(
        "token_read_failed",
        "Whether the last reading of its source failed",
        u64::from(seen.error().is_some()),
    )?;
    to.counter("tokens", "Tokens there have been", seen.generation())?;
    if let Some(at) = seen.expires_at() {
        let at = at
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        to.gauge(
            "token_expiry_timestamp_seconds",
            "When the token ends",
            at.as_secs_f64(),
        )?;
    }
    Ok(())
}

struct Writer<'a>(DescriptorEncoder<'a>);

impl Writer<'_> {
    fn gauge(&mut self, name: &str, help: &str, value: impl EncodeGaugeValue) -> fmt::Result {
        let mut metric = self
            .0
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        metric.encode_gauge(&value)
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let mut metric = self
            .0
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        metric.encode_counter::<NoLabelSet, _, u64>(&value, None)
    }

    fn counters<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        values: impl Iterator<Item = (L, u64)>,
    ) -> fmt::Result {
        let mut metric = self
            .0
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in values {
            let mut one = metric.encode_family(&labels)?;
            one.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
        }
        Ok(())
    }

    fn histogram(&mut self, name: &str, help: &str, times: &Histogram) -> fmt::Result {
        let mut metric = self
            .0
            .encode_descriptor(name, help, None, MetricType::Histogram)?;
        let buckets: Vec<_> = times.buckets().collect();
        metric.encode_histogram::<NoLabelSet>(times.sum(), times.count(), &buckets, None)
    }
}
