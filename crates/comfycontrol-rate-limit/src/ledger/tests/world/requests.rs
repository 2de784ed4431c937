//! What comes back to the processes: from the store and from the server.

use super::super::server::worst;
use super::*;
use crate::Replaced;
use crate::ledger::terms::Broken;

impl World {
    pub(super) fn answered(&mut self, now: u64, who: usize, life: u32, asked: u64, answer: Answer) {
        let process = &mut self.processes[who];
        if process.life != life {
            return;
        }
        if process.stopped_until > now {
            let at = process.stopped_until;
            self.agenda.add(
                at,
                Event::Answered {
                    who,
                    life,
                    asked,
                    answer,
                },
            );
            return;
        }
        process.is_busy = false;
        let at = Asked {
            asked: moment(asked),
            answered: moment(now),
        };
        let session = &mut process.session;
        let grants = match answer {
            Answer::Joined => {
                session.joined();
                None
            }
            Answer::Gone(members) => {
                let dead = if self.plan.presence {
                    members
                } else {
                    Vec::new()
                };
                session.gone(&dead, moment(now));
                None
            }
            Answer::Read(reading) => session.read(at, reading).unwrap(),
            Answer::Replaced(mut replaced) => {
                if let Replaced::Won(time) = &mut replaced
                    && now < process.time_told + 100_000
                {
                    *time = None; // as a store does that tells it only now and then
                } else {
                    process.time_told = now;
                }
                session.replaced(at, replaced).unwrap()
            }
            Answer::Lost => {
                session.failed(moment(now));
                None
            }
        };
        if let Some(grants) = grants {
            let (count, probe) = process.take(now, grants);
            let episode = process.session.episode();
            for _ in 0..count {
                let request = Request { episode, probe };
                self.send(now, who, life, request);
            }
        }
        self.step(now, who);
    }

    fn send(&mut self, now: u64, who: usize, life: u32, request: Request) {
        self.grants += 1;
        if now >= START + 2 * self.plan.window {
            self.granted[who] += 1;
        }
        let takes = self.dice.within(self.plan.response);
        let counted = match self.plan.counted_last {
            true => now + takes,
            false => now + self.dice.within((0, takes)),
        };
        let mut answered = Some(now + takes);
        if self.dice.chance(self.plan.lost_responses) {
            // Given up soon; it arrives nevertheless.
            let at = now + self.dice.within((0, takes / 4));
            self.agenda.add(
                at,
                Event::Ended {
                    who,
                    life,
                    request,
                    how: How::Lost,
                },
            );
            answered = None;
        }
        self.agenda.add(
            counted,
            Event::Counted {
                who,
                life,
                request,
                answered,
            },
        );
    }

    pub(super) fn ended(&mut self, now: u64, who: usize, life: u32, request: Request, how: How) {
        let process = &mut self.processes[who];
        if process.life != life {
            return;
        }
        if process.stopped_until > now {
            let at = process.stopped_until;
            self.agenda.add(
                at,
                Event::Ended {
                    who,
                    life,
                    request,
                    how,
                },
            );
            return;
        }
        let at = moment(now);
        process.outstanding -= 1;
        let lingers = how == How::Lost && self.plan.broken != Some(Broken::NoLinger);
        let later = if lingers { self.plan.linger * 1_000 } else { 0 };
        process.notes.push(Note::Stamped { at, later });
        let note = match (how, request.probe) {
            (How::Throttled, _) => Some(Note::Throttled {
                at,
                episode: request.episode,
                asked: None,
            }),
            (How::Lost, probe) => probe.map(Note::ProbeLost),
            (How::Responded, probe) => probe.map(Note::ProbeSucceeded),
        };
        process.notes.extend(note);
        self.step(now, who);
    }

    pub(super) fn outcome(self, end: u64) -> Outcome {
        let from = START + 2 * self.plan.window;
        let total: u64 = self.granted.iter().sum();
        let fair = total as f64 / self.plan.processes as f64;
        let least = self.granted.iter().min().copied().unwrap_or(0) as f64;
        let worst = if self.plan.requests <= 100 {
            worst(&self.counted, self.plan.window)
        } else {
            0
        };
        Outcome {
            rate: total as f64 / ((end - from) as f64 / 1e6),
            worst,
            least: least / fair.max(1e-9),
            operations: self.operations as f64 / self.grants.max(1) as f64,
            throttled: self.throttled,
            largest: self.largest,
        }
    }
}
