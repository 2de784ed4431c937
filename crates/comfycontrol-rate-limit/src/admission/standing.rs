use crate::Rejected;
use crate::queue::Place;

/// What a queued call finds when it looks.
#[derive(Debug)]
pub(crate) enum Standing {
    Granted,
    Rejected(Rejected),
    Waiting,
}

impl From<&Place> for Standing {
    fn from(place: &Place) -> Self {
        match place {
            Place::Granted { .. } => Self::Granted,
            Place::Rejected(error) => Self::Rejected(error.clone()),
            Place::Lapsed | Place::Waiting => Self::Waiting,
        }
    }
}
