use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::letters::{self, Letter};

/// A secret that is shown nowhere, for as long as this value lives.
///
/// [`Escaped`](crate::Escaped), and all that is shown by it in this process, has `***` in place of
/// any eight characters of it that follow each other, whatever their case: whole or in part, with
/// invisible characters between them, percent-encoded or escaped as in JSON. A secret of fewer than
/// eight characters would be found in ordinary words, and is not looked for.
///
/// What is kept of it are keyed hashes, with a key drawn when the process starts, and nothing once
/// it is dropped. Where no such value lives, there is nothing to look for and it costs nothing.
///
/// ```
/// use comfycontrol_core::{Escaped, KnownSecret};
///
/// let secret = KnownSecret::new("s3cr3t/0f/0urs");
/// let echo = "no such key: s3cr3t\\/0f\\/0urs";
/// assert_eq!(Escaped::new(echo, 100).to_string(), "no such key: ***");
/// drop(secret);
/// assert_eq!(Escaped::new(echo, 100).to_string(), echo);
/// ```
#[must_use = "it is known until it is dropped"]
pub struct KnownSecret {
    pieces: Box<[u64]>,
}

impl KnownSecret {
    /// Remembers `secret`, which is ASCII, as all that fits into a header is.
    pub fn new(secret: &str) -> Self {
        let windows = secret.as_bytes().windows(PIECE);
        let pieces: Box<[u64]> = windows
            .map(|piece| hash(piece.iter().fold(0, |window, byte| push(window, *byte))))
            .collect();
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in &pieces {
            *known.counts.entry(*piece).or_default() += 1;
        }
        known.sketch();
        Self { pieces }
    }
}

impl Drop for KnownSecret {
    fn drop(&mut self) {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in &self.pieces {
            if let Some(count) = known.counts.get_mut(piece) {
                *count -= 1;
                if *count == 0 {
                    known.counts.remove(piece);
                }
            }
        }
        known.sketch();
    }
}

impl fmt::Debug for KnownSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownSecret").finish_non_exhaustive()
    }
}

/// Whether a closer look at all of `text` is worth its cost. Most text has no piece of a secret in
/// it, and is written in letters that stand for themselves.
pub(crate) fn may_be_in(text: &str) -> bool {
    if LEN.load(Ordering::Acquire) == 0 || text.len() < PIECE {
        return false;
    }
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut window, mut filled) = (0, 0);
    text.bytes().any(|byte| match byte {
        b'%' | b'\\' => true,
        b' ' => {
            filled = 0;
            false
        }
        byte if byte.is_ascii_graphic() => {
            window = push(window, byte);
            filled += 1;
            filled >= PIECE && known.may_have(hash(window))
        }
        _ => true,
    })
}

/// Finds what is known in a text, from its beginning on and no further than asked.
pub(crate) struct Finder<'a> {
    text: &'a str,
    /// How far it has been read.
    at: usize,
    /// The last letters.
    window: u64,
    /// Where each of them begins. The first `PIECE - filled` do not count.
    begins: [usize; PIECE],
    filled: usize,
    found: Option<Range<usize>>,
}

impl<'a> Finder<'a> {
    /// `None` if there is nothing to look for.
    pub(crate) fn new(text: &'a str) -> Option<Self> {
        (LEN.load(Ordering::Acquire) > 0).then_some(Self {
            text,
            at: 0,
            window: 0,
            begins: [0; PIECE],
            filled: 0,
            found: None,
        })
    }

    /// The next that ends after `from`, if it begins before `before`.
    pub(crate) fn next(&mut self, from: usize, before: usize) -> Option<Range<usize>> {
        while self.found.as_ref().is_none_or(|found| found.end <= from) {
            self.found = None;
            self.read_on(before);
            self.found.as_ref()?;
        }
        self.found.clone().filter(|found| found.start < before)
    }

    /// Reads until something is found and at its end, or until nothing can begin before `before`.
    fn read_on(&mut self, before: usize) {
        let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((letter, len)) = letters::first(&self.text[self.at..]) {
            let limit = self.found.as_ref().map_or(before, |found| found.end);
            if self.begins_at() >= limit {
                return;
            }
            let begin = self.at;
            self.at += len;
            match letter {
                Letter::Hidden => continue,
                Letter::Ascii(byte) if byte.is_ascii_graphic() => {
                    self.window = push(self.window, byte);
                    self.begins.rotate_left(1);
                    self.begins[PIECE - 1] = begin;
                    self.filled = (self.filled + 1).min(PIECE);
                }
                Letter::Ascii(_) | Letter::Other => self.filled = 0,
            }
            if self.filled == PIECE && known.has(hash(self.window)) {
                let begin = self.found.as_ref().map_or(self.begins[0], |it| it.start);
                self.found = Some(begin..self.at);
            }
        }
    }

    /// Where the next piece begins at the earliest.
    fn begins_at(&self) -> usize {
        match self.filled {
            0 => self.at,
            PIECE => self.begins[1],
            filled => self.begins[PIECE - filled],
        }
    }
}

fn push(window: u64, byte: u8) -> u64 {
    window << 8 | u64::from(byte.to_ascii_lowercase())
}

/// As quick as can be: a text has as many pieces as letters.
fn hash(window: u64) -> u64 {
    let [first, second] = *KEY;
    let product = u128::from(window ^ first) * u128::from(second);
    (product >> 64) as u64 ^ product as u64
}

static KEY: LazyLock<[u64; 2]> = LazyLock::new(|| {
    let drawn = RandomState::new();
    [drawn.hash_one(0), drawn.hash_one(1) | 1]
});

/// The pieces of the secrets that live.
#[derive(Default)]
struct Known {
    /// How many secrets have each.
    counts: HashMap<u64, usize>,
    /// A bit for each, by its first ten bits: most that is not known is not here either.
    sketch: [u64; 16],
}

impl Known {
    fn has(&self, piece: u64) -> bool {
        self.may_have(piece) && self.counts.contains_key(&piece)
    }

    fn may_have(&self, piece: u64) -> bool {
        let (word, bit) = place(piece);
        self.sketch[word] & bit != 0
    }

    /// Makes the sketch again.
    fn sketch(&mut self) {
        self.sketch = [0; 16];
        for piece in self.counts.keys() {
            let (word, bit) = place(*piece);
            self.sketch[word] |= bit;
        }
        LEN.store(self.counts.len(), Ordering::Release);
    }
}

/// The word of a sketch and the bit in it.
fn place(piece: u64) -> (usize, u64) {
    ((piece >> 60) as usize, 1 << (piece >> 54 & 63))
}

static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

/// How many pieces are known.
static LEN: AtomicUsize = AtomicUsize::new(0);

/// In characters: a window's eight bytes.
const PIECE: usize = 8;

#[cfg(test)]
mod tests;
