//! What the bytes of a file say: two pages. The newer whole one counts.
//!
//! A process can be killed in the middle of any write, so the older page is overwritten and the
//! newer one is left alone. What does not fit into its page stands behind both.

use comfycontrol_rate_limit::{Record, Version};

/// The length of a page.
pub(crate) const PAGE: usize = 4096;
/// The length of both.
pub(crate) const PAGES: usize = 2 * PAGE;
/// The longest content of a record.
pub(crate) const LONGEST: usize = 64 * 1024;
/// The longest file.
pub(crate) const LONGEST_FILE: u64 = (PAGES + 2 * LONGEST) as u64;

const HEAD: usize = 96;
const SUMMED: usize = 80;
const MAGIC: [u8; 8] = *b"ccbudget";
const FORMAT: u16 = 1;
const HAS_RECORD: u16 = 1;
const AFTER_LOSS: u16 = 2;

/// What one page says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Page {
    /// How many were written before it into this file.
    pub(crate) sequence: u64,
    /// What the file has been since it was begun.
    pub(crate) epoch: Epoch,
    /// The machine that wrote it.
    pub(crate) machine: u128,
    /// What is kept.
    pub(crate) record: Option<Record>,
}

/// The time from one loss of the file to the next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Epoch {
    /// Random.
    pub(crate) id: u128,
    /// When it began, by the machine's clock.
    pub(crate) since: u64,
    /// Whether there was a record before that is lost.
    pub(crate) after_loss: bool,
}

/// Which of the two pages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    First,
    Second,
}

impl Place {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    /// Where the page begins.
    pub(crate) const fn offset(self) -> u64 {
        match self {
            Self::First => 0,
            Self::Second => PAGE as u64,
        }
    }

    /// Where that stands which does not fit into the page.
    pub(crate) const fn rest(self) -> u64 {
        match self {
            Self::First => PAGES as u64,
            Self::Second => (PAGES + LONGEST) as u64,
        }
    }
}

/// Why the two pages say nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unreadable {
    /// They were a store.
    Damaged,
    /// They were something else, or another format.
    Foreign,
}

/// The head of a page whose magic and length hold, before its checksum is looked at.
#[derive(Clone, Copy)]
struct Head<'a> {
    place: Place,
    page: &'a [u8],
    sequence: u64,
    length: usize,
}

/// The newest whole page. `rest` reads what does not fit into a page, from an offset on.
///
/// # Errors
///
/// [`Unreadable`] if there is none, or what `rest` gives.
pub(crate) fn newest<E>(
    pages: &[u8],
    mut rest: impl FnMut(u64, &mut [u8]) -> Result<bool, E>,
) -> Result<Result<(Place, Page), Unreadable>, E> {
    if pages.is_empty() {
        return Ok(Err(Unreadable::Damaged));
    }
    let mut ours = false;
    let mut heads: [Option<Head<'_>>; 2] = [None, None];
    for (at, place) in [Place::First, Place::Second].into_iter().enumerate() {
        let page = pages.get(at * PAGE..).unwrap_or_default();
        if !page.starts_with(&MAGIC) {
            continue;
        }
        ours = true;
        if page.len() < HEAD {
            continue;
        }
        if u16::from_le_bytes(array(page, 8)) != FORMAT {
            return Ok(Err(Unreadable::Foreign));
        }
        let length = usize::try_from(u32::from_le_bytes(array(page, 12))).unwrap_or(usize::MAX);
        heads[at] = (length <= LONGEST).then(|| Head {
            place,
            page: &page[..page.len().min(PAGE)],
            sequence: u64::from_le_bytes(array(page, 16)),
            length,
        });
    }
    heads.sort_by_key(|head| std::cmp::Reverse(head.map(|head| head.sequence)));
    for head in heads.into_iter().flatten() {
        if let Some(page) = whole(head, &mut rest)? {
            return Ok(Ok((head.place, page)));
        }
    }
    Ok(Err(if ours {
        Unreadable::Damaged
    } else {
        Unreadable::Foreign
    }))
}

/// What a page says, if its checksum holds.
fn whole<E>(
    head: Head<'_>,
    rest: &mut impl FnMut(u64, &mut [u8]) -> Result<bool, E>,
) -> Result<Option<Page>, E> {
    let page = head.page;
    let inside = head.length.min(PAGE - HEAD);
    let Some(content) = page.get(HEAD..HEAD + inside) else {
        return Ok(None);
    };
    let mut content = content.to_vec();
    if head.length > inside {
        content.resize(head.length, 0);
        if !rest(head.place.rest(), &mut content[inside..])? {
            return Ok(None);
        }
    }
    if checksum(&page[..SUMMED], &content) != u32::from_le_bytes(array(page, SUMMED)) {
        return Ok(None);
    }
    let flags = u16::from_le_bytes(array(page, 10));
    Ok(Some(Page {
        sequence: head.sequence,
        epoch: Epoch {
            id: u128::from_le_bytes(array(page, 24)),
            since: u64::from_le_bytes(array(page, 40)),
            after_loss: flags & AFTER_LOSS != 0,
        },
        machine: u128::from_le_bytes(array(page, 48)),
        record: (flags & HAS_RECORD != 0).then(|| Record {
            version: Version::from_bytes(array(page, 64)),
            content,
        }),
    }))
}

/// The bytes of a page, and those that do not fit into it. The content has at most [`LONGEST`].
pub(crate) fn encode(page: &Page) -> (Vec<u8>, &[u8]) {
    let (version, content) = match &page.record {
        Some(record) => (record.version.to_bytes(), &record.content[..]),
        None => ([0; 16], &[][..]),
    };
    let flags = if page.record.is_some() { HAS_RECORD } else { 0 }
        | if page.epoch.after_loss { AFTER_LOSS } else { 0 };
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let (inside, rest) = content.split_at(content.len().min(PAGE - HEAD));
    let mut bytes = Vec::with_capacity(HEAD + inside.len());
    bytes.extend(MAGIC);
    bytes.extend(FORMAT.to_le_bytes());
    bytes.extend(flags.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(page.sequence.to_le_bytes());
    bytes.extend(page.epoch.id.to_le_bytes());
    bytes.extend(page.epoch.since.to_le_bytes());
    bytes.extend(page.machine.to_le_bytes());
    bytes.extend(version);
    bytes.extend(checksum(&bytes, content).to_le_bytes());
    bytes.resize(HEAD, 0);
    bytes.extend(inside);
    (bytes, rest)
}

fn checksum(head: &[u8], content: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(head);
    sum.update(content);
    sum.finalize()
}

/// The bytes from `at` on; zeros behind the end.
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    if let Some(found) = bytes.get(at..at + N) {
        array.copy_from_slice(found);
    }
    array
}

#[cfg(test)]
mod tests;
