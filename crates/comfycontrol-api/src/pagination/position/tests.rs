use std::collections::HashSet;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// What happens to the list between two reads.
#[derive(Clone, Debug)]
enum Change {
    Insert(Vec<Index>),
    Remove(Vec<Index>),
}

fn changes(most: usize) -> impl Strategy<Value = Change> {
    let places = prop::collection::vec(any::<Index>(), 0..=most);
    let front = (0..=most).prop_map(|n| Change::Insert(vec![first(); n]));
    let behind = (0..=most).prop_map(|n| Change::Remove(vec![first(); n]));
    prop_oneof![
        places.clone().prop_map(Change::Insert),
        places.prop_map(Change::Remove),
        front,
        behind,
    ]
}

fn first() -> Index {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut tree = any::<Index>().new_tree(&mut runner).unwrap();
    while tree.simplify() {}
    tree.current()
}

/// The server: five obvious lines.
fn page(list: &[u32], window: Window, cap: u32, total: Option<u64>) -> Page {
    let size = window.size.min(cap) as usize;
    let items = list.iter().skip(window.start() as usize).take(size);
    let item = |(place, id): (usize, &u32)| {
        let json = Bytes::from(format!("{{\"id\":{id}}}"));
        Item {
            place,
            json,
            key: [(*id).into(), 0],
            has_id: true,
        }
    };
    Page {
        items: items.enumerate().map(item).collect(),
        total,
        is_all: false,
    }
}

fn id(item: &Item) -> u32 {
    let text = std::str::from_utf8(&item.json).unwrap();
    text[6..text.len() - 1].parse().unwrap()
}

fn read_all(
    mut list: Vec<u32>,
    per_page: u32,
    cap: u32,
    lie: Option<u64>,
    mut change: impl FnMut(&mut Vec<u32>, usize, &[u32]),
) -> (Vec<u32>, Vec<u32>, Result<usize, Lost>) {
    let mut position = Position::new(per_page);
    let mut stayed = list.clone();
    let mut read = Vec::new();
    let mut reads = 0;
    while let Some(window) = position.window() {
        let total = lie.map(|lie| list.len() as u64 + lie);
        match position.take(window, page(&list, window, cap, total)) {
            Err(lost) => return (stayed, read, Err(lost)),
            Ok(news) => {
                let news: Vec<_> = news.iter().map(id).collect();
                read.extend(&news);
                change(&mut list, reads, &news);
            }
        }
        let now: HashSet<_> = list.iter().copied().collect();
        stayed.retain(|id| now.contains(id));
        reads += 1;
        assert!(reads < 5_000, "it does not end");
    }
    (stayed, read, Ok(reads))
}

fn check_once(stayed: &[u32], read: &[u32]) -> Result<(), TestCaseError> {
    let once: HashSet<_> = read.iter().copied().collect();
    prop_assert_eq!(once.len(), read.len(), "an item came twice");
    for id in stayed {
        prop_assert!(once.contains(id), "{} was missed", id);
    }
    Ok(())
}

proptest! {
    /// The naive model: a list of numbers, and what came and went.
    #[test]
    fn nothing_that_stays_is_missed_or_comes_twice(
        size in 0u32..200,
        per_page in 10u32..40,
        cap in 10u32..40,
        lie in prop::option::of(0u64..300),
        changing in (0usize..=10)
            .prop_flat_map(|most| prop::collection::vec(changes(most), 0..60)),
    ) {
        let mut ids = size..;
        let change = |list: &mut Vec<u32>, n: usize, _: &[u32]| match changing.get(n) {
            Some(Change::Insert(places)) => for place in places {
                let at = place.index(list.len() + 1);
                list.extend(ids.next());
                list[at..].rotate_right(1);
            },
            Some(Change::Remove(places)) => for place in places {
                if !list.is_empty() {
                    list.remove(place.index(list.len()));
                }
            },
            None => {}
        };
        let (stayed, read, end) = read_all((0..size).collect(), per_page, cap, lie, change);
        // A short list and a total that says more look like a server that gives few at once.
        prop_assert!(end.is_ok() || size < 10 && lie > Some(0), "it gave up");
        check_once(&stayed, &read)?;
    }

    #[test]
    fn a_list_that_stands_still_is_read_whole(
        size in 0u32..300,
        per_page in 1u32..=100,
        cap in 1u32..=100,
        lie in prop::option::of(0u64..3),
    ) {
        let (stayed, read, end) = read_all((0..size).collect(), per_page, cap, lie, |_, _, _| {});
        prop_assert!(end.is_ok());
        prop_assert_eq!(stayed, read);
    }
}

#[test]
fn each_item_may_be_removed_as_it_is_yielded() {
    let cancel = |list: &mut Vec<u32>, _: usize, news: &[u32]| list.retain(|id| !news.contains(id));
    for lie in [None, Some(0), Some(1_000)] {
        let (_, read, end) = read_all((0..250).collect(), 100, 100, lie, cancel);
        assert!(end.unwrap() <= 8);
        assert_eq!(read.len(), 250);
    }
}

#[test]
fn a_list_that_outruns_the_reader_is_an_error_rather_than_silence() {
    let mut position = Position::new(100);
    let mut list: Vec<u32> = (0..1_000).collect();
    for read in 1..5_000 {
        let window = position.window().expect("it has not reached the end");
        if position.take(window, page(&list, window, 100, None)) == Err(Lost) {
            // Two requests each time that its place is lost.
            assert!(read <= 2_010, "{read}");
            return;
        }
        list.splice(0..0, read * 1_000..read * 1_000 + 200);
    }
    panic!("it goes on and on");
}

#[test]
fn a_server_that_does_not_look_at_the_page_is_asked_three_times() {
    for lie in [None, Some(1_000)] {
        let mut position = Position::new(10);
        let (mut read, mut reads) = (0, 0);
        while let Some(window) = position.window() {
            let all = Window { page: 1, ..window };
            let list: Vec<u32> = (0..100).collect();
            read += position
                .take(window, page(&list, all, 100, lie))
                .unwrap()
                .len();
            reads += 1;
        }
        assert_eq!((read, reads), (10, 3));
    }
}

#[test]
fn a_server_that_does_not_look_at_the_size_is_read_whole() {
    for (size, fixed) in [
        (20, 12),
        (9, 8),
        (9, 20),
        (50, 30),
        (90, 20),
        (40, 20),
        (7, 3),
        (3, 1),
    ] {
        for lie in [None, Some(0), Some(1_000)] {
            let mut position = Position::new(20);
            let (list, mut read): (Vec<u32>, _) = ((0..size).collect(), Vec::new());
            while let Some(window) = position.window() {
                let own = Window {
                    size: fixed,
                    ..window
                };
                let total = lie.map(|lie| list.len() as u64 + lie);
                let news = position
                    .take(window, page(&list, own, fixed, total))
                    .unwrap();
                read.extend(news.iter().map(id));
            }
            assert_eq!(read, list, "{size} {fixed} {lie:?}");
        }
    }
}

#[test]
fn a_list_costs_no_more_requests_than_it_must() {
    // Items, as many as the server gives at once, what its total says too much, and requests.
    for (size, cap, lie, requests) in [
        (0, 10, None, 1),
        // Only an honest total says that a short page is the last.
        (9, 10, Some(0), 1),
        (9, 10, None, 2),
        (9, 10, Some(5), 2),
        (10, 10, Some(0), 2),
        (20, 10, Some(0), 3),
        (19, 10, None, 3),
        (19, 10, Some(5), 4),
        (55, 10, None, 8),
        // Fewer at once than was asked for.
        (19, 4, None, 8),
        (10, 4, Some(5), 6),
        (55, 4, None, 23),
    ] {
        let (_, read, reads) = read_all((0..size).collect(), 10, cap, lie, |_, _, _| {});
        let shown = format!("{size} {cap} {lie:?}");
        assert_eq!(
            (read.len(), reads),
            (size as usize, Ok(requests)),
            "{shown}"
        );
    }
}

#[test]
fn a_list_that_grows_for_a_while_is_overtaken() {
    for (growth, while_read, at_most) in [(5, 10, 25), (12, 10, 53), (12, 30, 102), (12, 40, 120)] {
        let mut ids = 1_000..;
        let grow = |list: &mut Vec<u32>, n: usize, _: &[u32]| {
            if n < while_read {
                list.splice(0..0, ids.by_ref().take(growth));
            }
        };
        let (stayed, read, reads) = read_all((0..100).collect(), 10, 10, None, grow);
        assert!(stayed.iter().all(|id| read.contains(id)));
        assert!(
            reads.is_ok_and(|reads| reads <= at_most),
            "{growth} {while_read}: {reads:?}"
        );
    }
}
