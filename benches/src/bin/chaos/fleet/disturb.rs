//! What befalls the processes.

use std::time::Duration;

use comfycontrol_benches::draw::Draw;
use comfycontrol_benches::place::Place;
use comfycontrol_test::now;

use super::{Running, TICK};
use crate::role::Kind;
use crate::terms;

impl Running {
    /// Stops, kills or replaces one of them, as the seed says.
    pub(super) fn disturb(&mut self, tick: u64) {
        let mut draw = Draw::of(self.fleet.seed, &[DISTURB, tick]);
        if !draw.happens(60) || self.processes.is_empty() {
            return;
        }
        let at = draw.below(self.processes.len() as u64) as usize;
        let kind = self.processes[at].kind;
        // The first of them stays, to be seen over a long time.
        let stays = self.processes[at].number == 0;
        // Its place is another's already.
        let is_finishing = self.processes[at].is_finishing;
        let alone = matches!(self.fleet.place, Place::Memory) && kind != Kind::Caller;
        let what = match draw.below(8) {
            0 | 1 if !stays => {
                let mut process = self.processes.swap_remove(at);
                process.kill();
                self.killed.insert(process.number);
                self.lives
                    .end(&process, &mut self.server.shared.verdicts.lock());
                // A budget in memory begins again: not before the server has forgotten, too.
                let wait = if alone { terms::FORGOTTEN } else { TICK };
                if !is_finishing {
                    self.vacant.push((kind, now() + wait));
                }
                "killed"
            }
            2 if !stays && !alone && !is_finishing && kind != Kind::Gateway => {
                self.go_on(at);
                self.processes[at].finish();
                self.vacant.push((kind, now()));
                "replaced"
            }
            3 => {
                let time = Duration::from_millis(1_000 + draw.below(4_000));
                self.stop(at, time);
                "stopped for long"
            }
            _ => {
                self.stop(at, Duration::from_millis(50 + draw.below(700)));
                "stopped"
            }
        };
        *self.disturbances.entry(what).or_default() += 1;
    }

    fn stop(&mut self, at: usize, time: Duration) {
        let process = &mut self.processes[at];
        if process.stopped.is_none() {
            process.stop(time);
        }
    }
}

const DISTURB: u64 = 1_000_000;
