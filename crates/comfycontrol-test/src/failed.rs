use std::error::Error;
use std::fmt;

use tower::BoxError;
use tower::util::MapErr;

/// All that can go wrong in a stack with typed errors: there is a `From` for the error of the layer
/// under test, and for no other.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "tests match it without a wildcard")]
pub enum Failed<E> {
    /// What happened below the layer.
    Below(BoxError),
    /// The layer's own error.
    Layer(E),
}

impl<E> From<E> for Failed<E> {
    fn from(error: E) -> Self {
        Self::Layer(error)
    }
}

impl<E> fmt::Display for Failed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("call failed")
    }
}

impl<E: Error + 'static> Error for Failed<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Below(error) => Some(&**error),
            Self::Layer(error) => Some(error),
        }
    }
}

/// Makes the errors of a service [`Failed`], for a layer with errors of type `E` to add its own.
pub fn typed<S, B, E>(inner: S) -> MapErr<S, fn(B) -> Failed<E>>
where
    B: Into<BoxError>,
{
    MapErr::new(inner, |error: B| Failed::Below(error.into()))
}
