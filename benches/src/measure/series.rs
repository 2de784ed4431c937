/// What one case gave, round by round, in nanoseconds an operation unless it says otherwise.
#[derive(Clone, Debug)]
pub struct Series {
    name: String,
    rounds: Vec<f64>,
}

impl Series {
    /// An empty one.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            rounds: Vec::new(),
        }
    }

    /// Adds a round.
    pub fn push(&mut self, value: f64) {
        self.rounds.push(value);
    }

    /// What it is of.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The middle of its rounds; not a number if there are none.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The value that this share of the rounds does not exceed.
    pub fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.rounds.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        let index = (last as f64 * share).round() as usize;
        sorted.get(index).copied().unwrap_or(f64::NAN)
    }

    /// Round by round, this divided by the other.
    #[must_use]
    pub fn over(&self, other: &Self) -> Self {
        self.with(other, |mine, theirs| mine / theirs)
    }

    /// Round by round, this less the other.
    #[must_use]
    pub fn less(&self, other: &Self) -> Self {
        self.with(other, |mine, theirs| mine - theirs)
    }

    fn with(&self, other: &Self, combine: impl Fn(f64, f64) -> f64) -> Self {
        let pairs = self.rounds.iter().zip(&other.rounds);
        Self {
            name: self.name.clone(),
            rounds: pairs
                .map(|(mine, theirs)| combine(*mine, *theirs))
                .collect(),
        }
    }
}
