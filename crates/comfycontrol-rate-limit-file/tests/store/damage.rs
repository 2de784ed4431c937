//! What happens to files.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

use comfycontrol_rate_limit::{Record, Replaced, Store};
use comfycontrol_rate_limit_file::{FileErrorKind, FileStore};
use comfycontrol_test::SECOND;

use crate::support::*;

/// A store that a process has joined and swapped in, damaged in some way: an error once, then
/// another instance without a record that vouches for nothing before.
async fn is_begun_anew(damage: impl Fn(&Path)) {
    let budget = Budget::new();
    let store = budget.open();
    store.join(member(1)).await.unwrap();
    for number in 1..4 {
        let seen = (number > 1).then(|| number - 1);
        assert!(matches!(swap(&store, seen, number).await, Replaced::Won(_)));
    }
    let before = read(&store).await;
    damage(&budget.path);
    let newcomer = budget.open();
    assert_eq!(kind(newcomer.read().await), FileErrorKind::Damaged);
    for store in [&store, &newcomer] {
        let after = read(store).await;
        assert_eq!(after.record, None);
        assert_ne!(after.time.instance, before.time.instance);
        assert!(after.time.uptime < 10 * SECOND, "{:?}", after.time);
    }
    // A process that still goes by what was lost swaps nothing.
    assert!(matches!(swap(&store, Some(3), 4).await, Replaced::Lost(_)));
    assert!(matches!(swap(&store, None, 4).await, Replaced::Won(_)));
}

fn member(number: u128) -> comfycontrol_rate_limit::Member {
    comfycontrol_rate_limit::Member::from_u128(number)
}

#[tokio::test]
async fn a_file_that_was_cut_is_begun_anew() {
    for length in [0, 8, 95, 500] {
        is_begun_anew(|path| {
            let file = OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(length).unwrap();
        })
        .await;
    }
}

#[tokio::test]
async fn a_file_whose_pages_are_both_overwritten_is_begun_anew() {
    is_begun_anew(|path| {
        let mut bytes = fs::read(path).unwrap();
        bytes[300] ^= 1;
        bytes[4_096 + 300] ^= 1;
        fs::write(path, bytes).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_file_that_was_removed_is_begun_anew() {
    is_begun_anew(|path| fs::remove_file(path).unwrap()).await;
}

#[tokio::test]
async fn a_file_that_was_replaced_by_an_empty_one_is_begun_anew() {
    is_begun_anew(|path| {
        let other = path.with_extension("other");
        File::create(&other).unwrap();
        fs::rename(other, path).unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_older_copy_that_was_put_back_is_begun_anew() {
    let budget = Budget::new();
    let store = budget.open();
    store.join(member(1)).await.unwrap();
    swap(&store, None, 1).await;
    let copy = fs::read(&budget.path).unwrap();
    swap(&store, Some(1), 2).await;
    let before = read(&store).await;
    for in_place in [true, false] {
        if in_place {
            fs::write(&budget.path, &copy).unwrap();
        } else {
            let other = budget.path.with_extension("other");
            fs::write(&other, &copy).unwrap();
            fs::rename(other, &budget.path).unwrap();
            // This one has seen nothing of that epoch.
            let reading = read(&budget.open()).await;
            assert_eq!(reading.record, Some(record(1)));
            break;
        }
        assert_eq!(kind(store.read().await), FileErrorKind::Damaged);
        let after = read(&store).await;
        assert_eq!(after.record, None);
        assert_ne!(after.time.instance, before.time.instance);
    }
}

#[tokio::test]
async fn one_page_that_was_overwritten_is_read_from_the_other() {
    let budget = Budget::new();
    let store = budget.open();
    swap(&store, None, 1).await;
    swap(&store, Some(1), 2).await;
    let copy = fs::read(&budget.path).unwrap();
    for at in [0, 4_096] {
        let mut bytes = copy.clone();
        bytes[at + 200] ^= 1;
        fs::write(&budget.path, bytes).unwrap();
        // A newcomer takes what is whole. It cannot know that it is not the last.
        let newcomer = budget.open();
        let found = read(&newcomer).await.record.unwrap();
        assert!([record(1), record(2)].contains(&found));
    }
    fs::write(&budget.path, copy).unwrap();
    assert_eq!(read(&store).await.record, Some(record(2)));
}

#[tokio::test]
async fn a_file_that_never_was_a_store_is_left_as_it_is() {
    let large = vec![b'x'; 1 << 20];
    for text in [&b"dear diary"[..], &[0; 8_192], &large] {
        let budget = Budget::new();
        fs::write(&budget.path, text).unwrap();
        match FileStore::open(&budget.path) {
            Ok(store) => {
                for _ in 0..2 {
                    assert_eq!(kind(store.read().await), FileErrorKind::Foreign);
                    let swap = store.replace(None, record(1), KEEP).await;
                    assert_eq!(kind(swap), FileErrorKind::Foreign);
                }
            }
            Err(error) => assert_eq!(error.kind(), FileErrorKind::Foreign),
        }
        assert_eq!(fs::read(&budget.path).unwrap(), text);
    }
}

#[tokio::test]
async fn a_file_that_became_too_large_is_an_error() {
    let budget = Budget::new();
    let store = budget.open();
    swap(&store, None, 1).await;
    let mut file = OpenOptions::new().append(true).open(&budget.path).unwrap();
    file.write_all(&[7; 300_000]).unwrap();
    assert_eq!(kind(store.read().await), FileErrorKind::Foreign);
}

#[tokio::test]
async fn a_record_that_is_too_large_is_an_error() {
    let budget = Budget::new();
    let store = budget.open();
    let large = Record {
        version: version(1),
        content: vec![0; 65_537],
    };
    let swap = store.replace(None, large, KEEP).await;
    assert_eq!(kind(swap), FileErrorKind::RecordTooLarge);
    assert_eq!(read(&store).await.record, None);
}

#[test]
fn a_path_that_cannot_be_a_file_is_an_error_that_names_it() {
    let budget = Budget::new();
    let directory = budget.path.parent().unwrap();
    for path in [directory.to_owned(), directory.join("none").join("budget")] {
        let error = FileStore::open(&path).unwrap_err();
        assert!(matches!(error.kind(), FileErrorKind::Io(_)), "{error:?}");
        assert_eq!(error.path(), path);
        assert!(error.to_string().contains(&format!("{path:?}")), "{error}");
    }
}

#[test]
#[cfg(unix)]
fn the_file_is_of_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let budget = Budget::new();
    let _store = budget.open();
    let mode = fs::metadata(&budget.path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
