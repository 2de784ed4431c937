//! Who has called, by name: a bounded number of names. Pure.

use std::collections::HashMap;

use crate::outcome::Class;

/// The calls of each caller that was heard of lately, and those of all others.
#[derive(Clone, Debug)]
pub(crate) struct Callers {
    known: HashMap<Box<str>, Caller>,
    others: Calls,
    at_most: usize,
    /// Counts all calls, and so says who was heard of last.
    clock: u64,
}

#[derive(Clone, Debug, Default)]
struct Caller {
    calls: Calls,
    last: u64,
}

/// How many calls there were.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Calls {
    pub(crate) ended: u64,
    pub(crate) throttled: u64,
}

impl Calls {
    fn add(&mut self, more: Self) {
        self.ended += more.ended;
        self.throttled += more.throttled;
    }
}

impl Callers {
    pub(crate) fn new(at_most: usize) -> Self {
        Self {
            known: HashMap::new(),
            others: Calls::default(),
            at_most,
            clock: 0,
        }
    }

    /// A call of that class has ended. When there are too many names, the one that was not heard of
    /// for the longest goes to the others.
    pub(crate) fn add(&mut self, name: &str, class: Class) {
        self.clock += 1;
        let calls = Calls {
            ended: 1,
            throttled: u64::from(class == Class::Throttled),
        };
        if !self.known.contains_key(name) {
            if self.known.len() >= self.at_most {
                self.forget_one();
            }
            self.known.insert(name.into(), Caller::default());
        }
        if let Some(caller) = self.known.get_mut(name) {
            caller.calls.add(calls);
            caller.last = self.clock;
        }
    }

    fn forget_one(&mut self) {
        let oldest = self.known.iter().min_by_key(|(_, caller)| caller.last);
        let oldest = oldest.map(|(name, _)| name.clone());
        if let Some(caller) = oldest.and_then(|name| self.known.remove(&name)) {
            self.others.add(caller.calls);
        }
    }

    /// Those with the most calls first.
    pub(crate) fn known(&self) -> Vec<(&str, Calls)> {
        let known = self.known.iter();
        let mut known: Vec<_> = known.map(|(name, it)| (&**name, it.calls)).collect();
        known.sort_by(|a, b| b.1.ended.cmp(&a.1.ended).then(a.0.cmp(b.0)));
        known
    }

    pub(crate) fn others(&self) -> Calls {
        self.others
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn names_those_that_called_last_and_loses_no_call(
            events in prop::collection::vec((0_u8..9, any::<bool>()), 0..80),
        ) {
            let mut callers = Callers::new(4);
            // In the order of their last calls, and what each has had since it was named.
            let (mut order, mut known) = (Vec::<String>::new(), BTreeMap::<String, Calls>::new());
            let mut others = Calls::default();
            for (name, is_throttled) in events {
                let name = name.to_string();
                let class = if is_throttled { Class::Throttled } else { Class::Success };
                callers.add(&name, class);
                order.retain(|other| *other != name);
                order.push(name.clone());
                if order.len() > 4 {
                    others.add(known.remove(&order.remove(0)).unwrap());
                }
                let calls = Calls { ended: 1, throttled: u64::from(is_throttled) };
                known.entry(name).or_default().add(calls);
            }
            let named = callers.known().into_iter();
            let named: BTreeMap<_, _> = named.map(|(name, it)| (name.to_owned(), it)).collect();
            prop_assert_eq!(named, known);
            prop_assert_eq!(callers.others(), others);
            prop_assert!(callers.known().is_sorted_by_key(|(_, it)| std::cmp::Reverse(it.ended)));
        }
    }
}
