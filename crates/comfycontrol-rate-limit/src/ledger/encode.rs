//! The record as bytes: a mark, the format, numbers as varints, times as distances, a checksum.
//! Some 700 bytes for a quota of 40 and 8 processes.

use super::book::Book;
use super::wire::Writer;
use crate::Algorithm;

/// The mark that begins every record.
pub(super) const MAGIC: [u8; 4] = *b"cfcR";

/// The number of this format.
pub(super) const FORMAT: u64 = 2;

pub(super) const STRICT: u64 = 0;
pub(super) const SLIDING_LOG: u64 = 1;

impl Book {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut to = Writer::default();
        to.bytes(&MAGIC);
        to.number(FORMAT);
        to.number(self.lineage);
        to.number(self.counter);
        to.bytes(&self.instance.to_le_bytes());
        to.signed(self.shift);
        to.number(self.clock);
        to.number(self.quota.limit.into());
        to.number(self.quota.window);
        to.number(match self.quota.algorithm {
            Algorithm::Strict => STRICT,
            Algorithm::SlidingLog => SLIDING_LOG,
        });
        to.number(self.hold_until);
        self.encode_gate(&mut to);
        self.encode_owners(&mut to);
        to.number(self.stamps.len() as u64);
        let mut last = 0;
        for (at, count) in &self.stamps {
            to.number(at - last);
            to.number(*count);
            last = *at;
        }
        to.sealed()
    }

    fn encode_gate(&self, to: &mut Writer) {
        let gate = &self.gate;
        to.number(u64::from(gate.is_closed) | u64::from(gate.is_suspect) << 1);
        to.number(gate.until);
        to.number(gate.strikes.into());
        to.number(gate.episode.into());
        to.number(gate.latest.into());
        to.number(gate.patience);
        match gate.half_open {
            None => to.number(0),
            Some((first, current, since)) => {
                to.number(first.get().into());
                to.number(current.get().into());
                to.number(since.map_or(0, |since| since.saturating_add(1)));
            }
        }
        to.bytes(&self.prober.to_le_bytes());
    }

    fn encode_owners(&self, to: &mut Writer) {
        to.number(self.owners.all().len() as u64);
        for owner in self.owners.all() {
            to.bytes(&owner.id.to_le_bytes());
            to.number(owner.sequence);
            to.number(owner.unstamped << 1 | u64::from(owner.is_late));
            to.number(owner.lease_end);
            to.number(owner.patience.into());
        }
        to.number(self.owners.queue().len() as u64);
        for index in self.owners.queue() {
            to.number(u64::from(*index));
        }
    }
}
