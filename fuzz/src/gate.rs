/// When no request may leave because the server has refused, as far as that is certain.
///
/// All times are nanoseconds since one fixed instant.
#[derive(Debug)]
pub struct Gate {
    /// How long a probe without an answer keeps the next one waiting.
    patience: u64,
    held_until: u64,
    refused: Option<Refused>,
}

#[derive(Debug)]
struct Refused {
    /// An answer before then is to an older request.
    until: u64,
    /// The next probe goes no sooner.
    next: u64,
    probe: Option<usize>,
}

impl Gate {
    /// An open gate.
    pub fn new(patience: u64) -> Self {
        Self {
            patience,
            held_until: 0,
            refused: None,
        }
    }

    /// Whether no refusal is without an answer to the probe after it, and the gate is not closed
    /// manually.
    pub fn is_open(&self, now: u64) -> bool {
        self.refused.is_none() && now >= self.held_until
    }

    /// Nothing leaves before `until`.
    pub fn hold(&mut self, until: u64) {
        self.held_until = self.held_until.max(until);
    }

    /// The server has refused: nothing leaves before `until`, and then a probe.
    pub fn refuse(&mut self, until: u64) {
        let earlier = self.refused.as_ref().map_or(0, |refused| refused.until);
        let until = until.max(earlier);
        self.hold(until);
        self.refused = Some(Refused {
            until,
            next: until,
            probe: None,
        });
    }

    /// A request has got its slot.
    pub fn pass(&mut self, now: u64, request: usize) {
        assert!(
            now >= self.held_until,
            "let through while the gate is closed"
        );
        if let Some(refused) = &mut self.refused {
            assert!(now >= refused.next, "let through beside a probe");
            refused.next += self.patience;
            refused.probe = Some(request);
        }
    }

    /// A request will not be answered: if it was the probe, another takes its place.
    pub fn lose(&mut self, now: u64, request: usize) {
        if let Some(refused) = &mut self.refused
            && refused.probe == Some(request)
        {
            refused.next = now;
        }
    }

    /// The server has answered and not refused.
    pub fn answer(&mut self, now: u64) {
        self.refused.take_if(|refused| now >= refused.until);
    }
}
