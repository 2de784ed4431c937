//! Bytes as a record. Whatever they are: a record that can be relied on, or an error.

use std::fmt;

use super::book::{Book, Kept};
use super::encode::{FORMAT, MAGIC, SLIDING_LOG, STRICT};
use super::owners::{Owner, Owners};
use super::wire::{Damaged, Reader};
use crate::cooldown::{Probe, Saved};
use crate::{Algorithm, Quota};

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unreadable {
    /// Torn, cut, or nothing of ours.
    Damaged,
    /// Of another version of this library.
    Format(u64),
}

impl From<Damaged> for Unreadable {
    fn from(Damaged: Damaged) -> Self {
        Self::Damaged
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged => f.write_str("the record is damaged"),
            Self::Format(format) => write!(f, "the record has format {format}, not {FORMAT}"),
        }
    }
}

impl Book {
    /// # Errors
    ///
    /// [`Unreadable`] unless it is what [`encode`](Self::encode) made, byte for byte.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut from = Reader::unsealed(bytes)?;
        if from.array()? != MAGIC {
            return Err(Unreadable::Damaged);
        }
        match from.number()? {
            FORMAT => {}
            format => return Err(Unreadable::Format(format)),
        }
        let book = Self {
            lineage: from.number()?,
            counter: from.number()?,
            instance: u128::from_le_bytes(from.array()?),
            shift: from.signed()?,
            clock: time(&mut from)?,
            quota: quota(&mut from)?,
            hold_until: time(&mut from)?,
            gate: gate(&mut from)?,
            prober: u128::from_le_bytes(from.array()?),
            owners: owners(&mut from)?,
            stamps: stamps(&mut from)?,
        };
        from.end()?;
        if book.encode() == bytes {
            Ok(book)
        } else {
            Err(Unreadable::Damaged) // the same said with other bytes
        }
    }
}

/// Small enough that no sum of a few overflows.
fn time(from: &mut Reader<'_>) -> Result<u64, Damaged> {
    let time = from.number()?;
    if time < MAX_TIME {
        Ok(time)
    } else {
        Err(Damaged)
    }
}

fn quota(from: &mut Reader<'_>) -> Result<Kept, Damaged> {
    let limit = from.small()?;
    let window = from.number()?;
    let algorithm = match from.number()? {
        STRICT => Algorithm::Strict,
        SLIDING_LOG => Algorithm::SlidingLog,
        _ => return Err(Damaged),
    };
    if (1..=Quota::MAX_REQUESTS).contains(&limit) && (1..=MAX_WINDOW).contains(&window) {
        Ok(Kept {
            limit,
            window,
            algorithm,
        })
    } else {
        Err(Damaged)
    }
}

fn gate(from: &mut Reader<'_>) -> Result<Saved, Damaged> {
    let flags = from.number()?;
    let mut gate = Saved {
        is_closed: flags & 1 != 0,
        half_open: None,
        until: time(from)?,
        strikes: from.small()?,
        is_suspect: flags & 2 != 0,
        episode: from.small()?,
        latest: from.small()?,
        patience: time(from)?,
    };
    if let Some(first) = Probe::new(from.small()?) {
        let current = Probe::new(from.small()?).ok_or(Damaged)?;
        let since = time(from)?.checked_sub(1);
        gate.half_open = Some((first, current, since));
    }
    if flags > 3 || (gate.is_closed && gate.half_open.is_some()) {
        return Err(Damaged);
    }
    Ok(gate)
}

fn owners(from: &mut Reader<'_>) -> Result<Owners, Damaged> {
    let mut all: Vec<Owner> = Vec::new();
    for _ in 0..from.count()? {
        let id = u128::from_le_bytes(from.array()?);
        let sequence = from.number()?;
        let unstamped = u64::from(from.small()?);
        all.push(Owner {
            id,
            sequence,
            unstamped: unstamped >> 1,
            lease_end: time(from)?,
            is_late: unstamped & 1 != 0,
            patience: from.small()?,
        });
    }
    let mut queue = Vec::new();
    for _ in 0..from.count()? {
        queue.push(from.small()?);
    }
    Owners::from_parts(all, queue).ok_or(Damaged)
}

fn stamps(from: &mut Reader<'_>) -> Result<Vec<(u64, u64)>, Damaged> {
    let mut stamps = Vec::new();
    let mut last = 0_u64;
    for index in 0..from.count()? {
        let after = from.number()?;
        let at = last.checked_add(after).ok_or(Damaged)?;
        let count = u64::from(from.small()?);
        if at >= MAX_TIME || count == 0 || (index > 0 && after == 0) {
            return Err(Damaged);
        }
        stamps.push((at, count));
        last = at;
    }
    Ok(stamps)
}

/// Some 36,000 years.
const MAX_TIME: u64 = 1 << 60;

/// A window is stretched a little.
const MAX_WINDOW: u64 = Quota::MAX_WINDOW.as_micros() as u64 * 2;
