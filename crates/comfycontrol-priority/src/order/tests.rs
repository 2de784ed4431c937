use proptest::prelude::*;

use super::{Order, Position};
use crate::{Priority, Urgency};

fn priority(urgency: u8, key: u8) -> Priority {
    let urgency = Urgency::new(urgency).expect("0 to 7");
    match key {
        0 => Priority::new(urgency),
        key => Priority::new(urgency).with_key(key.to_string()),
    }
}

/// The same by lists, each line with its calls in the order of turns.
#[derive(Default)]
struct Naive {
    ranks: [Vec<(u8, Vec<u64>)>; 8],
    passed_over: [u32; 8],
}

impl Naive {
    fn push(&mut self, urgency: u8, key: u8, call: u64) {
        let rank = &mut self.ranks[usize::from(urgency)];
        match rank.iter_mut().find(|line| line.0 == key) {
            Some(line) => line.1.push(call),
            None => rank.push((key, vec![call])),
        }
    }

    fn remove(&mut self, call: u64) {
        for (rank, passed_over) in self.ranks.iter_mut().zip(&mut self.passed_over) {
            rank.iter_mut()
                .for_each(|line| line.1.retain(|other| *other != call));
            rank.retain(|line| !line.1.is_empty());
            *passed_over *= u32::from(!rank.is_empty());
        }
    }

    fn pop(&mut self, share: u32) -> Option<u64> {
        let waiting: Vec<_> = (0..8).filter(|at| !self.ranks[*at].is_empty()).collect();
        let longest = waiting.iter().map(|at| self.passed_over[*at]).max()?;
        let overdue = waiting.iter().find(|at| self.passed_over[**at] == longest);
        let at = *overdue
            .filter(|_| longest + 1 >= share)
            .unwrap_or(&waiting[0]);
        waiting
            .iter()
            .for_each(|other| self.passed_over[*other] += 1);
        self.passed_over[at] = 0;
        let (key, mut calls) = self.ranks[at].remove(0);
        let call = calls.remove(0);
        if !calls.is_empty() {
            self.ranks[at].push((key, calls));
        }
        Some(call)
    }
}

#[derive(Clone, Debug)]
enum Step {
    Push { urgency: u8, key: u8 },
    Remove(usize),
    Pop,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..8_u8, 0..4_u8).prop_map(|(urgency, key)| Step::Push { urgency, key }),
        1 => any::<usize>().prop_map(Step::Remove),
        3 => Just(Step::Pop),
    ]
}

proptest! {
    #[test]
    fn the_order_is_that_of_the_lists(
        share in 0..12_u32,
        steps in prop::collection::vec(step(), 0..300),
    ) {
        let (mut order, mut naive) = (Order::new(share), Naive::default());
        let mut waiting: Vec<Position> = Vec::new();
        for step in steps {
            match step {
                Step::Push { urgency, key } => {
                    let position = order.next_position(priority(urgency, key));
                    order.push(&position, position.number());
                    naive.push(urgency, key, position.number());
                    waiting.push(position);
                }
                Step::Remove(_) if waiting.is_empty() => {}
                Step::Remove(which) => {
                    let position = waiting.remove(which % waiting.len());
                    prop_assert_eq!(order.remove(&position), Some(position.number()));
                    prop_assert_eq!(order.remove(&position), None);
                    naive.remove(position.number());
                }
                Step::Pop => {
                    let call = order.pop();
                    prop_assert_eq!(call.map(|call| call.0), naive.pop(share));
                    prop_assert!(call.is_none_or(|(number, call)| number == call));
                    waiting.retain(|position| Some(position.number()) != call.map(|call| call.0));
                }
            }
            prop_assert_eq!(order.len(), waiting.len());
            prop_assert_eq!(order.lines().map(|line| line.1).sum::<usize>(), waiting.len());
        }
    }

    /// In any mix of urgencies and keys that never run dry, each has what it was promised.
    #[test]
    fn nobody_starves(
        share in 1..12_u32,
        lines in prop::collection::btree_set((0..8_u8, 0..5_u8), 1..12),
    ) {
        let mut order = Order::new(share);
        let push = |order: &mut Order<(u8, u8)>, line: (u8, u8)| {
            let position = order.next_position(priority(line.0, line.1));
            order.push(&position, line);
        };
        // Two of each, so that no line ends when one is taken.
        lines.iter().for_each(|line| push(&mut order, *line));
        lines.iter().for_each(|line| push(&mut order, *line));
        let mut turns = Vec::new();
        for _ in 0..400 {
            let (_, line) = order.pop().expect("somebody waits");
            push(&mut order, line);
            turns.push(line);
        }
        let mut urgencies: Vec<_> = lines.iter().map(|line| line.0).collect();
        urgencies.dedup();
        // It is due after `share` turns, and others may be due before it.
        let within = share.max(urgencies.len() as u32) as usize + urgencies.len() - 1;
        for urgency in urgencies {
            let is_of = |line: &(u8, u8)| line.0 == urgency;
            prop_assert!(turns.windows(within).all(|turns| turns.iter().any(is_of)));
            let keys = lines.iter().filter(|line| is_of(line)).count();
            let of_rank: Vec<_> = turns.iter().filter(|line| is_of(line)).collect();
            for round in of_rank.chunks_exact(keys) {
                let mut round = round.to_vec();
                round.sort_unstable();
                round.dedup();
                prop_assert_eq!(round.len(), keys, "each key once a round");
            }
        }
    }
}

#[test]
fn the_most_urgent_has_all_turns_but_the_share_of_the_others() {
    let mut order = Order::new(10);
    for call in 0..40 {
        for urgency in [1, 7] {
            let position = order.next_position(priority(urgency, 0));
            order.push(&position, (urgency, call));
        }
    }
    let urgencies: Vec<_> = (0..20).map(|_| order.pop().expect("80 wait").1.0).collect();
    let expected = [[1; 9].as_slice(), &[7], &[1; 9], &[7]].concat();
    assert_eq!(urgencies, expected);
}
