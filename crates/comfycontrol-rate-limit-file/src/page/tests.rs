use std::convert::Infallible;

use comfycontrol_rate_limit::{Record, Version};
use proptest::prelude::*;

use super::*;

/// A file of two pages and what stands behind them.
#[derive(Clone)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn write(&mut self, offset: u64, bytes: &[u8]) {
        let end = offset as usize + bytes.len();
        if self.0.len() < end && !bytes.is_empty() {
            self.0.resize(end, 0);
        }
        self.0[offset as usize..end].copy_from_slice(bytes);
    }

    fn put(&mut self, place: Place, page: &Page) {
        let (bytes, rest) = encode(page);
        if !rest.is_empty() {
            self.write(place.rest(), rest);
        }
        self.write(place.offset(), &bytes);
    }

    fn newest(&self) -> Result<(Place, Page), Unreadable> {
        let pages = &self.0[..self.0.len().min(PAGES)];
        let rest = |offset, rest: &mut [u8]| {
            let found = self.0.get(offset as usize..offset as usize + rest.len());
            if let Some(found) = found {
                rest.copy_from_slice(found);
            }
            Ok::<_, Infallible>(found.is_some())
        };
        newest(pages, rest).unwrap()
    }
}

fn page(sequence: u64, length: usize) -> Page {
    let byte = sequence.to_le_bytes()[0];
    Page {
        sequence,
        epoch: Epoch {
            id: 7,
            since: 11,
            after_loss: sequence.is_multiple_of(2),
        },
        machine: 13,
        record: Some(Record {
            version: Version::from_bytes([byte; 16]),
            content: vec![byte; length],
        }),
    }
}

#[test]
fn records_of_all_lengths_come_back_as_they_were() {
    for length in [0, 1, 760, PAGE - HEAD, PAGE - HEAD + 1, LONGEST] {
        let mut file = Bytes(Vec::new());
        for (sequence, place) in [Place::First, Place::Second, Place::First]
            .into_iter()
            .enumerate()
        {
            let page = page(sequence as u64, length);
            file.put(place, &page);
            assert_eq!(file.newest(), Ok((place, page)));
        }
    }
}

#[test]
fn a_write_that_was_cut_anywhere_leaves_the_one_before() {
    let length = PAGE - HEAD + 40;
    let mut file = Bytes(Vec::new());
    file.put(Place::First, &page(1, length));
    file.put(Place::Second, &page(2, length));
    let (bytes, rest) = { (encode(&page(3, length)).0, vec![3; 40]) };
    let whole = [
        (Place::First.rest(), &rest[..]),
        (Place::First.offset(), &bytes[..]),
    ];
    for cut in (0..40).chain(40..200).chain([PAGE - 1, PAGE, PAGE + 39]) {
        let (mut torn, mut left) = (file.clone(), cut);
        for (offset, bytes) in whole {
            let now = left.min(bytes.len());
            torn.write(offset, &bytes[..now]);
            left -= now;
        }
        assert_eq!(torn.newest(), Ok((Place::Second, page(2, length))), "{cut}");
    }
}

#[test]
fn what_never_was_a_store_is_told_from_a_damaged_one() {
    let mut file = Bytes(Vec::new());
    assert_eq!(file.newest(), Err(Unreadable::Damaged));
    file.put(Place::First, &page(1, 100));
    for length in 8..96 + 100 {
        let cut = Bytes(file.0[..length].to_vec());
        assert_eq!(cut.newest(), Err(Unreadable::Damaged), "{length}");
    }
    assert_eq!(
        Bytes(file.0[..7].to_vec()).newest(),
        Err(Unreadable::Foreign)
    );
    assert_eq!(
        Bytes(b"dear diary".to_vec()).newest(),
        Err(Unreadable::Foreign)
    );
    assert_eq!(Bytes(vec![0; PAGES]).newest(), Err(Unreadable::Foreign));
    // A format of tomorrow.
    file.0[8] = 2;
    assert_eq!(file.newest(), Err(Unreadable::Foreign));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_say_nothing_or_what_was_written(
        length in 0..PAGES,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        ours in any::<bool>(),
    ) {
        let mut file = Bytes(vec![0; PAGES]);
        if ours {
            file.put(Place::First, &page(1, 700));
            file.put(Place::Second, &page(2, 700));
        }
        for (at, byte) in changes {
            let at = at.index(file.0.len());
            file.0[at] = byte;
        }
        file.0.truncate(length);
        if let Ok((_, found)) = file.newest() {
            prop_assert!(found == page(1, 700) || found == page(2, 700));
        }
    }
}
