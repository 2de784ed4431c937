use super::*;

impl Queue {
    /// How many places are taken.
    pub(crate) fn places(&self) -> usize {
        self.nodes.len() - self.vacant.len()
    }
}
