use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;

/// A server, a disk and a program on them that may be killed before anything that it does.
#[derive(Default)]
struct World {
    /// How many runs there are of each row and try.
    runs: HashMap<(usize, u32), u32>,
    journal: Vec<(usize, Event)>,
    saved: HashSet<usize>,
    most_under_way: usize,
}

/// What chance decides: the next of these numbers, and zero after the last.
struct Chance<'a>(std::slice::Iter<'a, u8>);

impl Chance<'_> {
    fn of(&mut self, outcomes: u8) -> u8 {
        self.0.next().map_or(outcomes - 1, |n| n % outcomes)
    }

    /// Whether the program is killed now.
    fn kills(&mut self) -> Result<(), Killed> {
        match self.0.next() {
            Some(0..8) => Err(Killed),
            _ => Ok(()),
        }
    }
}

#[derive(Debug)]
struct Killed;

impl World {
    fn note(&mut self, plan: &mut Plan, row: usize, event: Event) {
        assert!(plan.apply(row, 0, &event), "{row} {event:?}");
        self.journal.push((row, event));
    }

    /// From a start of the program to its end, or until it is killed.
    fn session(&mut self, rows: usize, jobs: usize, chance: &mut Chance) -> Result<Plan, Killed> {
        let mut states = vec![State::default(); rows];
        for (row, event) in &self.journal {
            assert!(states[*row].apply(0, event), "{row} {event:?}");
        }
        let mut plan = Plan::new(states, jobs);
        let in_doubt: Vec<_> = plan.in_doubt().collect();
        for (row, attempt) in in_doubt {
            // A list that was read may not show it yet.
            if self.runs.contains_key(&(row, attempt)) && chance.of(2) == 0 {
                self.started(&mut plan, row);
            }
        }
        let running: Vec<_> = plan.running().map(|(row, _)| row).collect();
        for row in running {
            // The list that tells of some may tell that others are completed.
            if chance.of(2) == 0 {
                plan.completed(row);
            }
        }
        plan.looked();
        while !plan.is_over() {
            let action = plan.next(true);
            self.most_under_way = self.most_under_way.max(plan.under_way);
            match action {
                Some(Action::Start(row)) => self.start(&mut plan, row, chance)?,
                Some(Action::Find(row, _)) => {
                    chance.kills()?;
                    if chance.of(8) == 0 {
                        _ = plan.doubts(row);
                        continue;
                    }
                    match self.runs.contains_key(&(row, plan.attempt(row))) {
                        true => self.started(&mut plan, row),
                        false => self.start(&mut plan, row, chance)?,
                    }
                }
                Some(Action::Save(row)) => {
                    chance.kills()?;
                    self.saved.insert(row);
                    chance.kills()?;
                    self.note(&mut plan, row, Event::Saved { files: 1 });
                }
                None => {
                    let running: Vec<_> = plan.running().map(|(row, _)| row).collect();
                    assert!(!running.is_empty(), "it waits for nothing: {plan:?}");
                    let row = running[usize::from(chance.of(64)) % running.len()];
                    chance.kills()?;
                    match chance.of(4) {
                        // What was completed before the program was killed remains so.
                        0 if !self.saved.contains(&row) => {
                            self.note(&mut plan, row, Event::Failed { why: String::new() })
                        }
                        _ => plan.completed(row),
                    }
                }
            }
        }
        Ok(plan)
    }

    fn start(&mut self, plan: &mut Plan, row: usize, chance: &mut Chance) -> Result<(), Killed> {
        chance.kills()?;
        if chance.of(8) == 0 {
            self.note(plan, row, Event::Refused { why: String::new() });
            return Ok(());
        }
        if chance.of(8) == 0 {
            let why = String::new();
            self.note(plan, row, Event::Refused { why });
            plan.put_back(row);
            return Ok(());
        }
        let (key, attempt) = (String::new(), plan.attempt(row));
        self.note(plan, row, Event::Sending { key });
        chance.kills()?;
        if chance.of(8) != 0 {
            *self.runs.entry((row, attempt)).or_default() += 1;
        }
        chance.kills()?;
        // Its response is lost, and so is what looks for it.
        if chance.of(8) == 0 {
            _ = plan.doubts(row);
            return Ok(());
        }
        if !self.runs.contains_key(&(row, attempt)) {
            return self.start(plan, row, chance);
        }
        self.started(plan, row);
        Ok(())
    }

    fn started(&mut self, plan: &mut Plan, row: usize) {
        let id = WorkflowId::from("a");
        let adopted = false;
        self.note(plan, row, Event::Started { id, adopted });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Killed anywhere, any number of times: each row runs once, and none is lost.
    #[test]
    fn no_row_is_run_twice_and_none_is_lost(
        rows in 1..12usize,
        jobs in 1..6usize,
        chances in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut world = World::default();
        let mut chance = Chance(chances.iter());
        let mut plan = loop {
            if let Ok(plan) = world.session(rows, jobs, &mut chance) {
                break plan;
            }
        };
        // What was refused is tried again by the next start, here without end.
        while plan.counts().refused + plan.counts().in_doubt > 0 {
            plan = world.session(rows, jobs, &mut Chance([].iter())).unwrap();
        }
        prop_assert!(world.runs.values().all(|runs| *runs == 1), "{:?}", world.runs);
        prop_assert_eq!(world.runs.len(), rows);
        let counts = plan.counts();
        prop_assert_eq!(counts.saved + counts.failed, rows);
        prop_assert_eq!(counts.saved, world.saved.len());
        // Of a start that finds more under way than may be, none is begun.
        prop_assert!(world.most_under_way <= rows);
        // A start after the end does nothing.
        let journal = world.journal.len();
        world.session(rows, jobs, &mut Chance([].iter())).unwrap();
        prop_assert_eq!(world.journal.len(), journal);
    }
}

#[test]
fn no_more_rows_are_under_way_than_there_are_jobs() {
    let mut plan = Plan::new(vec![State::default(); 5], 2);
    plan.looked();
    assert_eq!(plan.next(false), None);
    assert_eq!(plan.next(true), Some(Action::Start(0)));
    assert_eq!(plan.next(true), Some(Action::Start(1)));
    assert_eq!(plan.next(true), None);
    plan.put_back(0);
    assert_eq!(plan.next(true), Some(Action::Start(0)));
    plan.give_up(1);
    assert_eq!(plan.next(true), Some(Action::Start(2)));
    assert_eq!(plan.next(true), None);
    let counts = plan.counts();
    assert_eq!((counts.waiting, counts.in_doubt), (4, 1));
}

#[test]
fn what_has_failed_is_run_again_when_that_is_asked_for_alone() {
    let mut state = State::default();
    let id = WorkflowId::from("a");
    let (key, why) = (String::new(), String::new());
    let adopted = false;
    for event in [
        Event::Sending { key },
        Event::Started { id, adopted },
        Event::Failed { why },
    ] {
        assert!(state.apply(0, &event));
    }
    let mut plan = Plan::new(vec![state.clone()], 1);
    assert!(plan.is_over() && plan.next(true).is_none());
    assert!(state.apply(0, &Event::Again));
    let mut plan = Plan::new(vec![state], 1);
    assert_eq!(plan.next(true), Some(Action::Start(0)));
    assert_eq!(plan.attempt(0), 2);
}

#[test]
fn a_row_in_doubt_is_asked_for_again_once_the_others_are_done_and_then_given_up() {
    let mut plan = Plan::new(vec![State::default(); 3], 2);
    plan.looked();
    let sending = Event::Sending { key: String::new() };
    let saves = |plan: &mut Plan, row| {
        let (id, adopted) = (WorkflowId::from("a"), false);
        assert!(plan.apply(row, 5, &sending));
        assert!(plan.apply(row, 5, &Event::Started { id, adopted }));
        plan.completed(row);
        assert_eq!(plan.next(true), Some(Action::Save(row)));
        assert!(plan.apply(row, 6, &Event::Saved { files: 1 }));
    };
    assert_eq!(plan.next(true), Some(Action::Start(0)));
    assert!(plan.apply(0, 5, &sending));
    assert_eq!(plan.next(true), Some(Action::Start(1)));
    assert!(
        plan.doubts(0),
        "it is not given up while others are under way"
    );
    assert_eq!(plan.next(true), Some(Action::Start(2)));
    saves(&mut plan, 1);
    assert_eq!(plan.next(true), None, "row 2 is not done");
    assert_eq!((plan.counts().running, plan.counts().waiting), (1, 1));
    saves(&mut plan, 2);
    assert!(!plan.is_over());
    assert_eq!(plan.next(false), None, "while the API is away");
    assert_eq!(plan.next(true), Some(Action::Find(0, 5..=5)));
    assert!(!plan.doubts(0) && plan.is_over());
    assert_eq!(plan.troubled().in_doubt, [0]);
    assert_eq!(plan.counts().in_doubt, 1);
}

#[test]
fn a_row_whose_folder_was_removed_is_saved_again_within_the_jobs() {
    let saved = State::saved();
    let mut state = saved.clone();
    state.removed();
    let mut plan = Plan::new(vec![state.clone(), saved, state.clone(), state], 2);
    assert_eq!(plan.counts().waiting, 3);
    plan.looked();
    assert_eq!(plan.next(true), Some(Action::Save(0)));
    assert_eq!(plan.next(true), Some(Action::Save(2)));
    assert_eq!(plan.next(true), None);
    assert_eq!(
        (plan.files_before(0), plan.files_before(1)),
        (Some(3), None)
    );
    assert!(plan.apply(0, 1, &Event::Saved { files: 3 }));
    assert_eq!(plan.next(true), Some(Action::Save(3)));
    plan.give_up(2);
    assert_eq!((plan.troubled().unsaved, plan.counts().saved), (vec![2], 2));
}
