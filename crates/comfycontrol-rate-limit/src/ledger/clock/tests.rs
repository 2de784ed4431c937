use proptest::prelude::*;

use super::*;

/// The store's clock, as only the test knows it: it drifts and steps.
struct World {
    /// True time, in nanoseconds, which our monotonic clock shows.
    now: u64,
    /// How far the store's clock is from that, in microseconds.
    offset: i64,
    /// How many parts in a million it goes too fast.
    drift: i64,
    /// The record's shift.
    shift: i64,
}

impl World {
    fn moment(&self) -> Moment {
        Moment {
            monotonic: self.now,
            wall: self.now,
        }
    }

    fn micros(&self) -> u64 {
        let micros = (self.now / 1_000).cast_signed();
        (micros + micros * self.drift / 1_000_000 + self.offset).cast_unsigned()
    }

    fn time(&self) -> u64 {
        self.micros().saturating_add_signed(self.shift)
    }
}

#[derive(Clone, Debug)]
enum Event {
    /// One of three processes reads, with these two halves of a round trip.
    Read(usize, u64, u64),
    Pass(u64),
    Step(i64),
}

fn event() -> impl Strategy<Value = Event> {
    let trip = || prop_oneof![0..1_000_000_u64, 0..3_000_000_000_u64];
    prop_oneof![
        6 => (0..3_usize, trip(), trip()).prop_map(|(who, there, back)| Event::Read(who, there, back)),
        3 => (0..5_000_000_000_u64).prop_map(Event::Pass),
        1 => (-40_000_000..40_000_000_i64).prop_map(Event::Step),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Without steps the time lies within the bounds of every process, whenever it looks.
    #[test]
    fn the_time_lies_within_the_bounds(
        drift in -900_i64..900, events in prop::collection::vec(event(), 1..60),
    ) {
        let mut world = World { now: 1_000_000_000_000, offset: 0, drift, shift: 5 };
        let mut clocks: [Option<Clock>; 3] = [const { None }; 3];
        for event in events {
            match event {
                Event::Read(who, there, back) => {
                    let asked = world.moment();
                    world.now += there;
                    let (micros, shift) = (world.micros(), world.shift);
                    world.now += back;
                    let asked = Asked { asked, answered: world.moment() };
                    match &mut clocks[who] {
                        None => clocks[who] = Some(Clock::new(asked, world_time(micros, shift), shift)),
                        Some(clock) => prop_assert_eq!(clock.observe(asked, micros, shift), None),
                    }
                }
                Event::Pass(time) => world.now += time,
                Event::Step(_) => {}
            }
            for clock in clocks.iter().flatten() {
                prop_assert!(clock.lower(world.moment()) <= world.time());
                prop_assert!(clock.upper(world.moment()) >= world.time());
                let at = clock.reaches(world.time() + 1_000_000);
                let then = Moment { monotonic: at, wall: at };
                prop_assert!(clock.lower(then) >= world.time() + 1_000_000);
            }
        }
    }

    /// However the store's clock steps, and in which process that is undone: the record's time, as
    /// seen by any process that may grant, never gains on true time by more than what drifts.
    #[test]
    fn steps_never_make_the_time_gain(events in prop::collection::vec(event(), 1..80)) {
        let mut world = World { now: 1_000_000_000_000, offset: 0, drift: 0, shift: 0 };
        let mut clocks: [Option<Clock>; 3] = [const { None }; 3];
        // All have looked once before anything steps.
        let at = Asked { asked: world.moment(), answered: world.moment() };
        for clock in &mut clocks {
            *clock = Some(Clock::new(at, world.time(), 0));
        }
        let start = (world.now / 1_000, world.time());
        for event in events {
            match event {
                Event::Read(who, there, back) => {
                    let asked = world.moment();
                    world.now += there;
                    let (micros, shift) = (world.micros(), world.shift);
                    world.now += back;
                    let asked = Asked { asked, answered: world.moment() };
                    let clock = clocks[who].as_mut().unwrap();
                    if clock.observe(asked, micros, shift).is_some() && world.shift == shift {
                        world.shift = clock.shift(); // the swap is won
                    }
                    // What it would grant at is no later than the time that has really passed, up
                    // to the width of the bounds that a step can hide in.
                    let passed = world.now / 1_000 - start.0;
                    let allowance = passed / 500 + 6_100_000;
                    prop_assert!(clock.lower(world.moment()) <= start.1 + passed + allowance);
                }
                Event::Pass(time) => world.now += time,
                Event::Step(step) => {
                    let micros = world.micros().cast_signed();
                    if micros + step > 100_000_000 {
                        world.offset += step;
                    }
                }
            }
        }
    }
}

fn world_time(micros: u64, shift: i64) -> u64 {
    micros.saturating_add_signed(shift)
}

fn moment(seconds: u64) -> Moment {
    let nanos = seconds * 1_000_000_000;
    Moment {
        monotonic: nanos,
        wall: nanos,
    }
}

fn at_once(seconds: u64) -> Asked {
    Asked {
        asked: moment(seconds),
        answered: moment(seconds),
    }
}

#[test]
fn a_clock_that_steps_is_set_back_to_where_it_was() {
    for step in [30_000_000_i64, -30_000_000] {
        let mut clock = Clock::new(at_once(1), 100_000_000, 0);
        let told = 101_000_000_u64.saturating_add_signed(step);
        let seen = clock.observe(at_once(2), told, 0).unwrap();
        assert!(seen.abs_diff(step) < 2_000, "{seen}");
        let time = clock.lower(moment(2));
        assert!((100_998_000..=101_000_000).contains(&time), "{time}");
        // Told the same again, all is well.
        assert_eq!(
            clock.observe(at_once(3), told + 1_000_000, clock.shift()),
            None
        );
    }
}

#[test]
fn what_others_have_set_right_is_not_undone() {
    let mut clock = Clock::new(at_once(1), 100_000_000, 0);
    // The store's clock has stepped by 30 s, and a process has said so.
    assert_eq!(clock.observe(at_once(2), 131_000_000, -30_000_100), None);
    assert_eq!(clock.shift(), -30_000_100);
    assert!(clock.lower(moment(2)) <= 101_000_000);
    // A second step that no process has reported.
    assert!(
        clock
            .observe(at_once(3), 162_000_000, -30_000_100)
            .is_some()
    );
    assert!(clock.lower(moment(3)) <= 102_000_000);
}

#[test]
fn while_a_machine_sleeps_the_upper_bound_goes_on() {
    let clock = Clock::new(at_once(1), 100_000_000, 0);
    let woken = Moment {
        monotonic: moment(2).monotonic,
        wall: moment(3_601).wall,
    };
    assert!(clock.upper(woken) >= 3_700_000_000);
    assert!(clock.lower(woken) <= 101_000_000);
}
