//! How far a batch is, in words that fit on a line: no I/O.

use std::collections::BTreeMap;
use std::time::Duration;

use comfycontrol_api::{RunProgress, WorkflowStatus};

use super::plan::Counts;

/// What a row under way does, or waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Doing {
    /// It is made ready.
    Preparing,
    /// The rate limit lets it go in so many seconds, after so many others.
    Slot {
        ahead: usize,
        seconds: u64,
    },
    /// So much of a hundred has left.
    Uploading(Option<u64>),
    /// It is not known whether it was started.
    Searching,
    /// The server has no runner for it yet.
    Queue,
    Running,
    Saving,
    /// What asks for its files waits for a slot, as above.
    SlotToSave {
        ahead: usize,
        seconds: u64,
    },
}

impl Doing {
    /// What a step of its start says.
    pub(crate) fn step(step: &RunProgress) -> Option<Self> {
        Some(match step {
            RunProgress::Searching => Self::Searching,
            RunProgress::Started { .. } => Self::Queue,
            RunProgress::Uploading { sent, length } => {
                let percent = |length: u64| sent.saturating_mul(100) / length.max(1);
                Self::Uploading(length.map(percent))
            }
            RunProgress::Waiting { ahead, wait } => {
                let (ahead, seconds) = (*ahead, whole_seconds(*wait));
                Self::Slot { ahead, seconds }
            }
            _ => return None,
        })
    }

    /// Its files are saved, or that waits for a slot.
    pub(crate) fn saving(waits: Option<(usize, Duration)>) -> Self {
        match waits {
            Some((ahead, wait)) => Self::SlotToSave {
                ahead,
                seconds: whole_seconds(wait),
            },
            None => Self::Saving,
        }
    }

    /// What the server says of its run.
    pub(crate) fn status(status: &WorkflowStatus) -> Self {
        match status {
            WorkflowStatus::Running => Self::Running,
            WorkflowStatus::Completed => Self::Saving,
            _ => Self::Queue,
        }
    }

    /// A word for it, that does not change while it goes on.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Slot { .. } | Self::SlotToSave { .. } => "waiting_for_slot",
            Self::Uploading(_) => "uploading",
            Self::Searching => "searching",
            Self::Queue => "queued",
            Self::Running => "running",
            Self::Saving => "saving",
        }
    }

    /// Whether its request is on its way, or was.
    pub(crate) fn is_sent(self) -> bool {
        !matches!(self, Self::Preparing | Self::Searching | Self::Slot { .. })
    }

    fn words(self) -> String {
        match self {
            Self::Preparing => "preparing".to_owned(),
            Self::Slot { ahead, seconds } => {
                let about = time(Duration::from_secs(seconds));
                format!("waits for a slot: about {about}, {ahead} before it")
            }
            Self::Uploading(None) => "uploading".to_owned(),
            Self::Uploading(Some(percent)) => format!("uploading: {percent} %"),
            Self::Searching => "looked for: perhaps it runs".to_owned(),
            Self::Queue => "in the queue of the server".to_owned(),
            Self::Running => "running".to_owned(),
            Self::Saving => "saving".to_owned(),
            Self::SlotToSave { ahead, seconds } => {
                let about = time(Duration::from_secs(seconds));
                format!("waits for a slot to save: about {about}, {ahead} before it")
            }
        }
    }
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs_f64().ceil() as u64
}

/// The rows under way, by their place in the table: their line, what they do, and for how long.
pub(crate) type UnderWay = BTreeMap<usize, (u64, Doing, Duration)>;

/// The whole, in one line; what matters most comes first, for a narrow terminal cuts off the rest.
pub(crate) fn whole(counts: &Counts, left: Option<Duration>) -> String {
    let (saved, rows) = (counts.saved, counts.rows);
    let mut parts = vec![format!("{saved} of {rows} rows saved")];
    if let Some(left) = left {
        parts.push(format!("about {} left", time(left)));
    }
    parts.extend(troubles(counts));
    parts.join(", ")
}

/// What else is to be said in a log: what those under way do.
pub(crate) fn whole_and_why(counts: &Counts, left: Option<Duration>, rows: &UnderWay) -> String {
    let mut line = whole(counts, left);
    let mut doing: Vec<(&str, usize)> = Vec::new();
    for (_, now, _) in rows.values() {
        let words = match now {
            Doing::Preparing | Doing::Slot { .. } | Doing::SlotToSave { .. } => {
                "waiting for a slot"
            }
            Doing::Uploading(_) => "uploading",
            Doing::Searching => "looked for",
            Doing::Queue => "in the queue of the server",
            Doing::Running => "running",
            Doing::Saving => "saving",
        };
        match doing.iter_mut().find(|(known, _)| *known == words) {
            Some((_, count)) => *count += 1,
            None => doing.push((words, 1)),
        }
    }
    let doing: Vec<_> = doing
        .iter()
        .map(|(words, count)| format!("{count} {words}"))
        .collect();
    if !doing.is_empty() {
        line += &format!("; {}", doing.join(", "));
    }
    line
}

/// What has not gone well.
pub(crate) fn troubles(counts: &Counts) -> Vec<String> {
    let all = [
        (counts.failed, "failed"),
        (counts.refused, "refused"),
        (counts.unsaved, "not saved"),
        (counts.gone, "gone"),
        (counts.in_doubt, "in doubt"),
    ];
    let some = all.iter().filter(|(count, _)| *count > 0);
    some.map(|(count, what)| format!("{count} {what}"))
        .collect()
}

/// A line for each row under way, as many as there is room for; the last one tells how many more
/// there are.
pub(crate) fn rows(rows: &UnderWay, room: usize) -> Vec<String> {
    let line = |(line, doing, time): &(u64, Doing, Duration)| {
        let (words, time) = (doing.words(), self::time(*time));
        match doing {
            Doing::Slot { .. } | Doing::SlotToSave { .. } | Doing::Preparing => {
                format!("line {line}: {words}")
            }
            _ => format!("line {line}: {words}, {time}"),
        }
    };
    let shown = match rows.len() > room {
        true => room.saturating_sub(1),
        false => rows.len(),
    };
    let mut lines: Vec<_> = rows.values().take(shown).map(line).collect();
    if shown < rows.len() && room > 0 {
        lines.push(format!("and {} more", rows.len() - shown));
    }
    lines
}

/// A time as a person says it.
pub(crate) fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..=99 => format!("{seconds} s"),
        100..6_000 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts() -> Counts {
        Counts {
            rows: 500,
            saved: 123,
            ..Counts::default()
        }
    }

    fn under_way() -> UnderWay {
        let seconds = Duration::from_secs;
        let slot = Doing::Slot {
            ahead: 12,
            seconds: 3,
        };
        [
            (0, (2, Doing::Saving, seconds(1))),
            (1, (3, Doing::Running, seconds(75))),
            (2, (7, Doing::Queue, seconds(200))),
            (3, (8, Doing::Uploading(Some(45)), seconds(2))),
            (4, (9, slot, seconds(4))),
            (5, (10, slot, seconds(4))),
            (6, (11, Doing::saving(Some((3, seconds(2)))), seconds(1))),
        ]
        .into()
    }

    #[test]
    fn the_whole_is_one_line_whose_beginning_says_most() {
        let left = Some(Duration::from_secs(190));
        assert_eq!(whole(&counts(), None), "123 of 500 rows saved");
        let told = whole(&counts(), left);
        assert_eq!(told, "123 of 500 rows saved, about 4 min left");
        assert!(told.len() <= 40);
        let troubled = Counts {
            failed: 2,
            refused: 1,
            unsaved: 3,
            in_doubt: 4,
            ..counts()
        };
        assert_eq!(
            whole(&troubled, left),
            "123 of 500 rows saved, about 4 min left, 2 failed, 1 refused, 3 not saved, 4 in doubt"
        );
        assert_eq!(
            whole_and_why(&counts(), left, &under_way()),
            "123 of 500 rows saved, about 4 min left; 1 saving, 1 running, 1 in the queue of the \
             server, 1 uploading, 3 waiting for a slot"
        );
    }

    #[test]
    fn each_row_tells_what_it_waits_for() {
        assert_eq!(
            rows(&under_way(), 10),
            [
                "line 2: saving, 1 s",
                "line 3: running, 75 s",
                "line 7: in the queue of the server, 4 min",
                "line 8: uploading: 45 %, 2 s",
                "line 9: waits for a slot: about 3 s, 12 before it",
                "line 10: waits for a slot: about 3 s, 12 before it",
                "line 11: waits for a slot to save: about 2 s, 3 before it",
            ]
        );
        let few = rows(&under_way(), 3);
        assert_eq!(few[1..], ["line 3: running, 75 s", "and 5 more"]);
        assert_eq!(rows(&under_way(), 0), [""; 0]);
    }

    #[test]
    fn times_are_told_as_a_person_says_them() {
        let told = |seconds| time(Duration::from_secs(seconds));
        assert_eq!([told(0), told(99), told(100)], ["0 s", "99 s", "2 min"]);
        assert_eq!([told(5_999), told(6_000)], ["100 min", "1 h 40 min"]);
    }
}
