use crate::Rejected;
use crate::queue::WaiterState;

/// What a queued call finds when it looks.
#[derive(Debug)]
pub(crate) enum Standing {
    Granted,
    Rejected(Rejected),
    Waiting,
}

impl From<&WaiterState> for Standing {
    fn from(state: &WaiterState) -> Self {
        match state {
            WaiterState::Granted { .. } => Self::Granted,
            WaiterState::Rejected(error) => Self::Rejected(error.clone()),
            WaiterState::Lapsed | WaiterState::Waiting => Self::Waiting,
        }
    }
}
