use std::fmt;

/// What was measured, next to what must be reached, and what is only worth knowing.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    what: String,
    measured: String,
    target: String,
    verdict: Option<bool>,
}

/// In what a number is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    Allocations,
    Bytes,
    Micros,
    Nanos,
    Plain,
    Times,
}

impl Table {
    pub(crate) fn at_most(
        &mut self,
        what: impl Into<String>,
        measured: f64,
        bound: f64,
        unit: Unit,
    ) {
        let verdict = Some(measured <= bound);
        self.push(
            what.into(),
            unit.show(measured),
            format!("≤ {}", unit.show(bound)),
            verdict,
        );
    }

    pub(crate) fn at_least(
        &mut self,
        what: impl Into<String>,
        measured: f64,
        bound: f64,
        unit: Unit,
    ) {
        let verdict = Some(measured >= bound);
        self.push(
            what.into(),
            unit.show(measured),
            format!("≥ {}", unit.show(bound)),
            verdict,
        );
    }

    pub(crate) fn note(&mut self, what: impl Into<String>, measured: impl fmt::Display) {
        self.push(what.into(), measured.to_string(), String::new(), None);
    }

    /// Prints all of it; returns how many targets were missed.
    pub(crate) fn print(&self) -> usize {
        let width = |column: fn(&Row) -> &str| {
            let widths = self.rows.iter().map(|row| column(row).chars().count());
            widths.max().unwrap_or(0).max(8)
        };
        let (what, measured) = (width(|row| &row.what), width(|row| &row.measured));
        let target = width(|row| &row.target);
        println!(
            "| {:what$} | {:>measured$} | {:>target$} |      |",
            "what", "measured", "target"
        );
        println!(
            "|-{:-<what$}-|-{:->measured$}:|-{:->target$}:|------|",
            "", "", ""
        );
        for row in &self.rows {
            let verdict = match row.verdict {
                Some(true) => "ok",
                Some(false) => "MISS",
                None => "",
            };
            let Row {
                what: name,
                measured: value,
                target: bound,
                ..
            } = row;
            println!("| {name:what$} | {value:>measured$} | {bound:>target$} | {verdict:4} |");
        }
        let missed = self
            .rows
            .iter()
            .filter(|row| row.verdict == Some(false))
            .count();
        println!(
            "\n{missed} of {} targets missed",
            self.rows.iter().filter(|row| row.verdict.is_some()).count()
        );
        missed
    }

    fn push(&mut self, what: String, measured: String, target: String, verdict: Option<bool>) {
        self.rows.push(Row {
            what,
            measured,
            target,
            verdict,
        });
    }
}

impl Unit {
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::Allocations => format!("{value:.0} allocations"),
            Self::Bytes => format!("{value:.0} B"),
            Self::Micros => format!("{:.2} µs", value / 1_000.0),
            Self::Nanos => format!("{value:.1} ns"),
            Self::Plain => format!("{value:.0}"),
            Self::Times => format!("{value:.3} ×"),
        }
    }
}
