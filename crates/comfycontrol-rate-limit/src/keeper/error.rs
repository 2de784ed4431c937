use std::error::Error as StdError;
use std::fmt;

use crate::ledger::Incompatible;

/// The budget cannot be shared: the other processes now keep it in another way. All calls are
/// rejected from then on: [`RejectedReason::KeeperStopped`](crate::RejectedReason::KeeperStopped).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeeperError(Incompatible);

impl From<Incompatible> for KeeperError {
    fn from(incompatible: Incompatible) -> Self {
        Self(incompatible)
    }
}

impl fmt::Display for KeeperError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the budget is shared with others who ")?;
        match self.0 {
            Incompatible::Format(format) => {
                write!(
                    f,
                    "write it in another format, number {format}: one version for all"
                )
            }
            Incompatible::Window(micros) => {
                let window = std::time::Duration::from_micros(micros);
                write!(
                    f,
                    "count in another window, of {window:?} with what is added for drift"
                )
            }
            Incompatible::Algorithm(algorithm) => {
                write!(f, "spend it in another way: {algorithm:?}")
            }
        }
    }
}

impl StdError for KeeperError {}
