/// Chance that is the same each time.
#[derive(Clone, Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn number(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let x = (self.0 >> 33 ^ self.0).wrapping_mul(0xff51_afd7_ed55_8ccd);
        x >> 33 ^ x
    }

    pub(super) fn within(&mut self, (low, high): (u64, u64)) -> u64 {
        low + self.number() % (high - low + 1)
    }

    pub(super) fn chance(&mut self, of_a_thousand: u64) -> bool {
        self.number() % 1_000 < of_a_thousand
    }
}
