use std::fmt;

/// A measured figure, and what it must be.
#[derive(Debug)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) measured: f64,
    pub(crate) unit: &'static str,
    pub(crate) target: Target,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Figure {
    /// One that is not a number is missed.
    pub(crate) fn is_missed(&self) -> bool {
        !match self.target {
            Target::AtLeast(target) => self.measured >= target,
            Target::AtMost(target) => self.measured <= target,
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, target) = match self.target {
            Target::AtLeast(target) => ("at least", target),
            Target::AtMost(target) => ("at most", target),
        };
        let missed = if self.is_missed() { ", MISSED" } else { "" };
        let Self {
            name,
            measured,
            unit,
            ..
        } = self;
        write!(
            f,
            "| {name} | {measured:.3}{unit} | {word} {target}{unit}{missed} |"
        )
    }
}
