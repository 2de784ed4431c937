//! The simulation itself.
use std::time::Duration;

use super::dice::Dice;
use super::events::{Agenda, Answer, Event, How, Question, Request};
use super::plan::{Outcome, Plan, START};
use super::process::{Process, moment};
use super::store::Register;
use crate::admission::Settings;
use crate::ledger::{Action, Asked, Note, Terms};
use crate::{Algorithm, Member, Quota};

pub(super) struct World {
    plan: Plan,
    terms: Terms,
    dice: Dice,
    agenda: Agenda,
    store: Register,
    processes: Vec<Process>,
    dead: Vec<Member>,
    counted: Vec<u64>,
    granted: Vec<u64>,
    operations: u64,
    grants: u64,
    throttled: u64,
    throttles_until: u64,
    largest: usize,
}

impl World {
    pub(super) fn run(plan: Plan) -> Outcome {
        let mut world = Self::new(plan);
        let end = START + world.plan.seconds * 1_000_000;
        while let Some((now, event)) = world.agenda.next() {
            if now > end {
                break;
            }
            world.happens(now, event);
        }
        world.outcome(end)
    }

    fn new(plan: Plan) -> Self {
        let settings = Settings {
            cooldown: 10_000_000_000,
            cooldown_margin: 500_000_000,
            count_lag: 0,
            linger: plan.linger * 1_000,
            max_cooldown: 300_000_000_000,
            max_hold: None,
            max_queued: usize::MAX,
            max_transit: None,
            max_wait: None,
        };
        let per = Duration::from_micros(plan.window);
        let window = Quota::new(plan.requests, per).unwrap().stretched();
        let lease = plan.lease * 1_000;
        let mut terms = Terms::new(Algorithm::Strict, plan.requests, window, lease, settings);
        terms.broken = plan.broken;
        let mut world = Self {
            dice: Dice(plan.seed),
            agenda: Agenda::default(),
            store: Register {
                record: None,
                instance: 1,
                started: 0,
                offset: 0,
                drift: plan.drift,
            },
            processes: Vec::new(),
            dead: Vec::new(),
            counted: Vec::new(),
            granted: vec![0; plan.processes],
            operations: 0,
            grants: 0,
            throttled: 0,
            throttles_until: 0,
            largest: 0,
            terms,
            plan,
        };
        for who in 0..world.plan.processes {
            let process = Process::new(world.terms, who as u64 + 1, 0, world.plan.wanted);
            world.processes.push(process);
            let at = START + world.dice.within((0, 50_000));
            world.agenda.add(
                at,
                Event::Wake {
                    who,
                    life: 0,
                    at: 0,
                },
            );
        }
        let plan = &world.plan;
        let repeated = [
            (plan.kill, Event::Kill),
            (plan.stop, Event::Stop),
            (plan.step.map(|(every, _)| every), Event::Step),
            (plan.lose_record, Event::LoseRecord),
            (plan.throttle, Event::Throttle),
        ];
        for (every, event) in repeated {
            if let Some(every) = every {
                world.agenda.add(START + every, event);
            }
        }
        world
    }

    fn happens(&mut self, now: u64, event: Event) {
        match event {
            Event::Wake { who, life, at } => {
                let process = &self.processes[who];
                if process.life == life && process.wake == at {
                    self.step(now, who);
                }
            }
            Event::Arrives {
                who,
                life,
                asked,
                question,
                is_lost,
            } => {
                let answer = question.put(&mut self.store, now, &self.dead);
                let back = now + self.trip(who) / 2;
                if !is_lost {
                    self.agenda.add(
                        back,
                        Event::Answered {
                            who,
                            life,
                            asked,
                            answer,
                        },
                    );
                }
            }
            Event::Answered {
                who,
                life,
                asked,
                answer,
            } => self.answered(now, who, life, asked, answer),
            Event::Counted {
                who,
                life,
                request,
                answered,
            } => {
                self.counted.push(now);
                let throttled = now < self.throttles_until;
                self.throttled += u64::from(throttled);
                if let Some(answered) = answered {
                    let how = if throttled {
                        How::Throttled
                    } else {
                        How::Responded
                    };
                    self.agenda.add(
                        answered,
                        Event::Ended {
                            who,
                            life,
                            request,
                            how,
                        },
                    );
                }
            }
            Event::Ended {
                who,
                life,
                request,
                how,
            } => self.ended(now, who, life, request, how),
            Event::Kill => {
                let who = (self.dice.number() % self.processes.len() as u64) as usize;
                let life = self.processes[who].life;
                let member = u128::from(who as u64 + 1) << 32 | u128::from(life);
                self.dead.push(Member::from_u128(member));
                self.processes[who] =
                    Process::new(self.terms, who as u64 + 1, life + 1, self.plan.wanted);
                let at = now + self.dice.within((1_000, 100_000));
                self.agenda.add(
                    at,
                    Event::Wake {
                        who,
                        life: life + 1,
                        at: 0,
                    },
                );
                self.again(now, self.plan.kill, Event::Kill);
            }
            Event::Stop => {
                let who = (self.dice.number() % self.processes.len() as u64) as usize;
                self.processes[who].stopped_until = now + self.dice.within((1_000, 40_000_000));
                self.again(now, self.plan.stop, Event::Stop);
            }
            Event::Step => {
                let (_, by) = self.plan.step.unwrap();
                self.store.offset += by;
                self.plan.step = self.plan.step.map(|(every, by)| (every, -by));
                self.again(now, self.plan.step.map(|(every, _)| every), Event::Step);
            }
            Event::LoseRecord => {
                self.store.record = None;
                if self.dice.chance(500) {
                    self.store.instance += 1;
                    self.store.started = now;
                    self.store.offset = -(now.cast_signed()) + 50_000_000;
                }
                self.again(now, self.plan.lose_record, Event::LoseRecord);
            }
            Event::Throttle => {
                self.throttles_until = now + 10_000_000;
                self.again(now, self.plan.throttle, Event::Throttle);
            }
        }
    }

    fn again(&mut self, now: u64, every: Option<u64>, event: Event) {
        let every = every.unwrap();
        let at = now + self.dice.within((every / 2, every * 3 / 2));
        self.agenda.add(at, event);
    }

    fn trip(&mut self, who: usize) -> u64 {
        let half = who * 2 / self.plan.processes.max(1);
        self.dice.within(self.plan.trip[half])
    }

    /// Lets a process do what it does next, unless it is stopped or waits for the store.
    fn step(&mut self, now: u64, who: usize) {
        let process = &mut self.processes[who];
        let life = process.life;
        if process.is_busy {
            return;
        }
        if process.stopped_until > now {
            process.wake = process.stopped_until;
            let at = process.wake;
            self.agenda.add(at, Event::Wake { who, life, at });
            return;
        }
        let mut demand = process.demand();
        let question = match process.session.next(moment(now), &mut demand) {
            Action::Wait(until) => {
                process.wake = (until / 1_000).max(now) + 1;
                let at = process.wake;
                if until != u64::MAX {
                    self.agenda.add(at, Event::Wake { who, life, at });
                }
                return;
            }
            Action::Join(_) => Question::Join,
            Action::Read => Question::Read,
            Action::Gone(members) => Question::Gone(members),
            Action::Replace { seen, record, .. } => {
                self.largest = self.largest.max(record.content.len());
                Question::Replace(seen, record)
            }
        };
        self.operations += u64::from(!matches!(question, Question::Join));
        self.processes[who].is_busy = true;
        let mut there = now + self.trip(who) / 2;
        let is_lost = self.dice.chance(self.plan.lost_answers);
        if is_lost {
            // It fails after half a second, and is carried out before or even after that, or never.
            let answer = Answer::Lost;
            let asked = now;
            self.agenda.add(
                now + 500_000,
                Event::Answered {
                    who,
                    life,
                    asked,
                    answer,
                },
            );
            there += self.dice.within((0, 1_500_000));
            if self.dice.chance(300) {
                return;
            }
        }
        self.agenda.add(
            there,
            Event::Arrives {
                who,
                life,
                asked: now,
                question,
                is_lost,
            },
        );
    }
}

mod requests;
