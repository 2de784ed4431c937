//! Has all of it in hand: one task, which takes in what has happened and begins what is to be done
//! next.

mod take;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use comfycontrol::Error;
use comfycontrol_api::Started;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::display::Display;
use super::entry::{Entry, Event};
use super::estimate::{Estimate, Left as LeftToDo};
use super::plan::{Action, Plan};
use super::polls::Polls;
use super::row::{Rows, Told, Unsaved};
use super::trouble::Trouble;
use super::view::{Doing, UnderWay};
use super::watch::{Seen, Wanted, look};
use crate::failure::Failure;
use crate::left::Left;
use crate::out::Out;

pub(crate) struct Engine {
    rows: Arc<Rows>,
    plan: Plan,
    polls: Polls,
    trouble: Trouble,
    estimate: Estimate,
    display: Display,
    work: FuturesUnordered<Work>,
    under_way: BTreeMap<usize, Now>,
    began: Instant,
    is_looking: bool,
    /// Whether the list was read once, for what earlier sessions may have started.
    has_looked: bool,
    left: Left,
}

/// What a row does, since when, and when this session has sent it.
#[derive(Clone, Copy)]
struct Now {
    doing: Doing,
    since: Instant,
    began: Option<Instant>,
}

/// What has come to an end.
enum Done {
    Looked(Result<Vec<Seen>, Error>),
    Started(usize, Result<Started, Error>),
    Saved(usize, Result<u64, Unsaved>),
}

type Work = Pin<Box<dyn Future<Output = Done>>>;

impl Engine {
    /// Goes on with what a plan leaves to be done, within a quota of a request each `slot`.
    pub(crate) fn new(
        rows: Arc<Rows>,
        plan: Plan,
        (slot, jobs): (Duration, usize),
        left: &Left,
        out: Out,
    ) -> Result<Self, Failure> {
        let began = now();
        let has_looked = plan.in_doubt().next().is_none();
        let mut engine = Self {
            display: Display::begin(out, &plan.counts(), began)?,
            polls: Polls::new(slot),
            trouble: Trouble::default(),
            estimate: Estimate::new(slot, jobs),
            work: FuturesUnordered::new(),
            under_way: BTreeMap::new(),
            began,
            is_looking: false,
            has_looked,
            left: left.clone(),
            rows,
            plan,
        };
        let running: Vec<_> = engine.plan.running().map(|(row, _)| row).collect();
        for row in running {
            engine.does(row, Doing::Queue)?;
        }
        Ok(engine)
    }

    pub(crate) async fn run(mut self, mut told: UnboundedReceiver<Told>) -> Result<(), Failure> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.tick()?;
        while !self.plan.is_over() {
            self.begin()?;
            tokio::select! {
                biased;
                Some(told) = told.recv() => self.hear(told)?,
                Some(done) = self.work.next() => {
                    // What was sent before has been told before.
                    while let Ok(told) = told.try_recv() {
                        self.hear(told)?;
                    }
                    self.take(done)?;
                }
                _ = ticks.tick() => self.tick()?,
            }
        }
        let counts = self.plan.counts();
        let (troubled, line) = (self.plan.troubled(), |row| self.rows.line(row));
        self.display.end(&counts, &troubled, line)?;
        match counts {
            counts if counts.in_doubt > 0 => Err(Failure::Told(9)),
            counts if counts.failed > 0 => Err(Failure::Told(8)),
            counts if counts.refused + counts.unsaved > 0 => Err(Failure::Told(1)),
            _ if self.plan.has_lost() => Err(Failure::Told(1)),
            _ => Ok(()),
        }
    }

    /// Begins all that may be begun now.
    fn begin(&mut self) -> Result<(), Failure> {
        let now = now();
        let pauses = self.trouble.pauses(now);
        while let Some(action) = self.plan.next(self.has_looked && !pauses) {
            let rows = self.rows.clone();
            let (row, sent) = match action {
                Action::Start(row) => (row, None),
                Action::Find(row, sent) => (row, Some(sent)),
                Action::Save(row) => {
                    let Some(id) = self.plan.id(row).cloned() else {
                        continue;
                    };
                    self.does(row, Doing::Saving)?;
                    let before = self.plan.files_before(row);
                    let save = async move { Done::Saved(row, rows.save(row, &id, before).await) };
                    self.work.push(Box::pin(save));
                    continue;
                }
            };
            let doing = match sent {
                None => Doing::Preparing,
                Some(_) => Doing::Searching,
            };
            self.does(row, doing)?;
            let attempt = self.plan.attempt(row);
            let start = async move { Done::Started(row, rows.start(row, attempt, sent).await) };
            self.work.push(Box::pin(start));
        }
        // Said before any of it is done.
        self.left.is(match self.plan.under_way() {
            0 => "the same command goes on".to_owned(),
            rows => format!(
                "{rows} rows were under way: what runs goes on at the server, and the same command \
                 goes on with it"
            ),
        });
        let (queued, granted) = self.calls();
        let is_due =
            self.plan.running().next().is_some() && self.polls.is_due(now, queued, granted);
        if !self.is_looking && !pauses && (is_due || !self.has_looked) {
            let wanted = self.wanted();
            self.is_looking = true;
            let look = look(self.rows.api.workflows(), wanted);
            self.work.push(Box::pin(async { Done::Looked(look.await) }));
        }
        Ok(())
    }

    fn wanted(&self) -> Wanted {
        let by_id = self
            .plan
            .running()
            .map(|(row, id)| (id.clone(), row))
            .collect();
        let mut wanted = Wanted {
            by_id,
            ..Wanted::default()
        };
        if !self.has_looked {
            let in_doubt = self.plan.in_doubt();
            let named = in_doubt.map(|(row, attempt)| (self.rows.name(row, attempt), row));
            wanted.by_name = named.collect();
        }
        wanted
    }

    /// How many calls wait for the limiter, and how many it has let go.
    fn calls(&self) -> (usize, u64) {
        let limiter = self.rows.api.client().limiter();
        let calls = limiter.map(|limiter| limiter.snapshot());
        calls.map_or((0, 0), |calls| (calls.queued(), calls.granted()))
    }

    fn hear(&mut self, told: Told) -> Result<(), Failure> {
        match told {
            Told::Sending { row, entry } => {
                if let Some(row) = self.under_way.get_mut(&row) {
                    row.began = Some(now());
                }
                self.apply(row, &entry)
            }
            Told::Step { row, step } => match Doing::step(&step) {
                Some(doing) if self.under_way.contains_key(&row) => self.does(row, doing),
                _ => Ok(()),
            },
            Told::Saving { row, waits } if self.under_way.contains_key(&row) => {
                self.does(row, Doing::saving(waits))
            }
            Told::Saving { .. } => Ok(()),
        }
    }

    /// Tells the journal what has happened.
    fn note(&mut self, row: usize, event: Event) -> Result<(), Failure> {
        let entry = Entry::now(self.rows.line(row), event);
        let written = self.rows.journal.write(&entry);
        written.map_err(|e| Failure::Local(format!("the journal: {e}")))?;
        self.apply(row, &entry)
    }

    fn apply(&mut self, row: usize, entry: &Entry) -> Result<(), Failure> {
        if !self.plan.apply(row, entry.at, &entry.event) {
            let line = entry.line;
            return Err(Failure::Local(format!(
                "line {line}: it happened in no order"
            )));
        }
        match &entry.event {
            Event::Started { id, adopted } => {
                self.display.started(entry.line, id.as_str(), *adopted)?;
            }
            Event::Saved { .. } => _ = self.under_way.remove(&row),
            _ => {}
        }
        Ok(())
    }

    fn does(&mut self, row: usize, doing: Doing) -> Result<(), Failure> {
        let (since, began) = (now(), None);
        let before = self.under_way.get(&row).copied();
        let name = before.map(|before| before.doing.name());
        let mut now = before.unwrap_or(Now {
            doing,
            since,
            began,
        });
        now.doing = doing;
        if name != Some(doing.name()) {
            now.since = since;
            self.display.row(self.rows.line(row), doing)?;
        }
        self.under_way.insert(row, now);
        Ok(())
    }

    fn tick(&mut self) -> Result<(), Failure> {
        let (now, counts) = (now(), self.plan.counts());
        let since = |from: Instant| now.saturating_duration_since(from);
        let sent = self.under_way.values().filter(|row| row.doing.is_sent());
        let ages: Vec<_> = sent
            .map(|row| since(row.began.unwrap_or(self.began)))
            .collect();
        let waiting = (counts.waiting + counts.running).saturating_sub(ages.len());
        let left = LeftToDo { waiting, ages };
        let left = self.estimate.left(now, &left);
        let rows = self.under_way.iter();
        let under_way: UnderWay = rows
            .map(|(row, now)| (*row, (self.rows.line(*row), now.doing, since(now.since))))
            .collect();
        Ok(self.display.tick(now, &counts, left, &under_way)?)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the shell")]
fn now() -> Instant {
    Instant::now()
}

/// Often enough for what changes on a terminal.
const TICK: Duration = Duration::from_millis(100);
