//! The bytes.

use proptest::prelude::*;

use crate::Algorithm;
use crate::cooldown::{Probe, Saved};
use crate::ledger::Unreadable;
use crate::ledger::book::{Book, Kept};
use crate::ledger::owners::{Owner, Owners};

fn owner() -> impl Strategy<Value = Owner> {
    let time = 0..1_u64 << 50;
    (
        any::<u128>(),
        any::<u64>(),
        0..1_000_u64,
        time,
        any::<(bool, u32)>(),
    )
        .prop_map(
            |(id, sequence, unstamped, lease_end, (is_late, patience))| Owner {
                id,
                sequence,
                unstamped,
                lease_end,
                is_late,
                patience,
            },
        )
}

fn gate() -> impl Strategy<Value = Saved> {
    let time = || 0..1_u64 << 50;
    let half_open = (1..9_u32, 1..9_u32, prop::option::of(time()));
    let phase = (any::<bool>(), prop::option::of(half_open));
    (phase, time(), any::<(u32, bool, u32, u32)>(), time()).prop_map(
        |((is_closed, half_open), until, (strikes, is_suspect, episode, latest), patience)| Saved {
            is_closed: is_closed && half_open.is_none(),
            half_open: half_open.map(|(first, current, since)| {
                (
                    Probe::new(first).unwrap(),
                    Probe::new(current).unwrap(),
                    since,
                )
            }),
            until,
            strikes,
            is_suspect,
            episode,
            latest,
            patience,
        },
    )
}

fn book() -> impl Strategy<Value = Book> {
    let parts = (
        any::<(u64, u64, u128, i64, u128)>(),
        0..1_u64 << 50,
        1..100_000_u32,
    );
    let stamps = prop::collection::btree_map(1..1_u64 << 50, 1..99_u64, 0..90);
    (parts, gate(), prop::collection::vec(owner(), 0..9), stamps).prop_map(
        |(((lineage, counter, instance, shift, prober), time, limit), gate, all, stamps)| {
            let queue = (0..all.len() as u32).step_by(2).collect();
            Book {
                lineage,
                counter,
                instance,
                shift,
                clock: time,
                quota: Kept {
                    limit,
                    window: 10_010_000,
                    algorithm: Algorithm::Strict,
                },
                hold_until: time / 2,
                gate,
                prober,
                owners: Owners::from_parts(all, queue).unwrap_or_default(),
                stamps: stamps.into_iter().collect(),
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_written_is_what_is_read(book in book()) {
        prop_assert_eq!(Book::decode(&book.encode()), Ok(book));
    }

    /// One bit that is another, or bytes that are missing, are noticed.
    #[test]
    fn what_is_damaged_is_noticed(book in book(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut bytes = book.encode();
        let at = at.index(bytes.len());
        prop_assert_eq!(Book::decode(&bytes[..at]), Err(Unreadable::Damaged));
        bytes[at] ^= 1 << bit;
        prop_assert_eq!(Book::decode(&bytes), Err(Unreadable::Damaged));
    }

    #[test]
    fn any_bytes_are_a_record_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(Book::decode(&bytes), Err(Unreadable::Damaged));
    }
}
