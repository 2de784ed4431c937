use std::io::Read;

use flate2::read::MultiGzDecoder;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{member, read};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The file may be sound, cut, changed, and have something behind it.
    #[test]
    fn frames_do_not_matter(
        texts in vec(text(), 0..4),
        rest in vec(any::<u8>(), 0..3),
        cut in 0..4_usize,
        flipped in prop::option::of(any::<prop::sample::Index>()),
        sizes in vec(1..40_usize, 1..5),
    ) {
        let mut file: Vec<u8> = texts.iter().flat_map(member).collect();
        file.extend(rest);
        file.truncate(file.len().saturating_sub(cut));
        if let (Some(at), false) = (flipped, file.is_empty()) {
            let at = at.index(file.len());
            file[at] ^= 0x55;
        }

        let mut left = &file[..];
        let frames = sizes.iter().cycle().map_while(|size| {
            let frame;
            (frame, left) = left.split_at((*size).min(left.len()));
            (!frame.is_empty()).then_some(frame)
        });
        let read = read(frames);

        let mut whole = Vec::new();
        match MultiGzDecoder::new(&file[..]).read_to_end(&mut whole) {
            Err(_) if !file.is_empty() => prop_assert!(read.is_err()),
            _ => prop_assert_eq!(&read.unwrap()[..], &whole[..]),
        }
    }
}

/// Text that is packed well, and bytes that are not.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let packed = (any::<u8>(), 0..100_000_usize).prop_map(|(byte, times)| vec![byte; times]);
    prop_oneof![packed, vec(any::<u8>(), 0..300)]
}
