//! Numbers that follow from a seed and from what they are drawn for, never from the time.

/// A sequence of numbers.
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// That of a seed, for one purpose.
    #[must_use]
    pub fn of(seed: u64, what: &[u64]) -> Self {
        let mut draw = Self(seed);
        for part in what {
            draw.0 = draw.number() ^ part.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        draw
    }

    /// The next one, by SplitMix64.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below this bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound
    }

    /// Whether it happens, so many times of a thousand.
    pub fn happens(&mut self, of_thousand: u64) -> bool {
        self.below(1_000) < of_thousand
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}
