//! What happens to a body on its way.

use super::ending::Ending;

/// What happens to a body, and after how much of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Damage {
    pub(super) after: After,
    pub(super) kind: DamageKind,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum After {
    Bytes(usize),
    /// The half of a whole body, the first piece of any other.
    Half,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum DamageKind {
    End(Ending),
    Stall,
    /// The end, properly framed.
    Truncate,
}

impl Damage {
    pub(crate) const STALL: Self = Self::half(DamageKind::Stall);
    pub(crate) const TRUNCATE: Self = Self::half(DamageKind::Truncate);

    pub(crate) fn end_after(bytes: usize, ending: Ending) -> Self {
        Self {
            after: After::Bytes(bytes),
            kind: DamageKind::End(ending),
        }
    }

    pub(crate) fn end_at_half(ending: Ending) -> Self {
        Self::half(DamageKind::End(ending))
    }

    const fn half(kind: DamageKind) -> Self {
        Self {
            after: After::Half,
            kind,
        }
    }
}
