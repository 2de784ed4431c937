use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Event {
    Accepts,
    Passes(u64),
    Reads(Option<u8>),
    Gets401,
}

proptest! {
    /// The obvious model. A token that works gives way to one read twice running, but not to one
    /// that had a 401; one that had a 401 gives way to any other that is read twice at once. What
    /// took the place of a token that works, and has a 401 before it was accepted, gives it back to
    /// the latest that had none.
    #[test]
    fn agrees_with_the_naive_model(events in prop::collection::vec(event(), 1..60)) {
        let mut it = Driver::with("0");
        let (mut used, mut seen) = (0, None);
        let (mut unauthorized, mut on_trial) = (Vec::new(), Vec::new());
        let mut order = vec![0];
        for event in events {
            match event {
                Event::Passes(millis) => it.passes(millis),
                Event::Accepts => {
                    it.cache.accepted(it.generation());
                    unauthorized.retain(|n| *n != used);
                    on_trial.retain(|n| *n != used);
                }
                Event::Gets401 => {
                    it.gets_401(it.generation());
                    unauthorized.push(used);
                    let before = order.iter().rfind(|n| !unauthorized.contains(n));
                    if let Some(before) = before.filter(|_| on_trial.contains(&used)) {
                        used = *before;
                    }
                }
                Event::Reads(got) => {
                    let (works, before) = (!unauthorized.contains(&used), used);
                    it.cache.begin_reading();
                    for _ in 0..if works { 1 } else { 2 } {
                        it.apply(TORN, got.map(|n| n.to_string()).as_deref().ok_or(()), false);
                    }
                    it.cache.end_reading();
                    match got {
                        Some(n) if n == used => seen = None,
                        Some(n) if !works => (used, seen) = (n, None),
                        Some(n) if unauthorized.contains(&n) => {}
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
        1 => Just(Event::Gets401),
    ]
}
