use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Event {
    Accepts,
    Passes(u64),
    Reads(Option<u8>),
    Refuses,
}

proptest! {
    /// The obvious model. A token that works gives way to one read twice running, but not to a refused one; a
    /// refused token gives way to any other that is read twice at once. What took the place of a token that works, and
    /// is refused before it was accepted, gives it back to the latest that was not.
    #[test]
    fn agrees_with_the_naive_model(events in prop::collection::vec(event(), 1..60)) {
        let mut it = Driver::with("0");
        let (mut used, mut seen) = (0, None);
        let (mut refused, mut on_trial) = (Vec::new(), Vec::new());
        let mut order = vec![0];
        for event in events {
            match event {
                Event::Passes(millis) => it.passes(millis),
                Event::Accepts => {
                    it.cache.accepted(it.generation());
                    refused.retain(|n| *n != used);
                    on_trial.retain(|n| *n != used);
                }
                Event::Refuses => {
                    it.refuse(it.generation());
                    refused.push(used);
                    let before = order.iter().rfind(|n| !refused.contains(n));
                    if let Some(before) = before.filter(|_| on_trial.contains(&used)) {
                        used = *before;
                    }
                }
                Event::Reads(got) => {
                    let (works, before) = (!refused.contains(&used), used);
                    it.cache.begin_reading();
                    for _ in 0..if works { 1 } else { 2 } {
                        it.take_up(TORN, got.map(|n| n.to_string()).as_deref().ok_or(()), false);
                    }
                    it.cache.end_reading();
                    match got {
                        Some(n) if n == used => seen = None,
                        Some(n) if !works => (used, seen) = (n, None),
                        Some(n) if refused.contains(&n) => {}
                        Some(n) if seen == Some(n) => (used, seen) = (n, None),
                        other => seen = other,
                    }
                    if used != before {
                        on_trial.retain(|n| *n != used);
                        on_trial.extend(works.then_some(used));
                    }
                }
            }
            order.retain(|n| *n != used);
            order.push(used);
            prop_assert_eq!(it.present(), used.to_string());
        }
    }
}

// === support ===

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => Just(Event::Accepts),
        1 => (0u64..3_000).prop_map(Event::Passes),
        4 => prop::option::weighted(0.9, 0u8..3).prop_map(Event::Reads),
        1 => Just(Event::Refuses),
    ]
}
