use std::error::Error;
use std::iter::successors;

use tower::BoxError;

/// Goes through an error and all its sources, the outermost first.
pub fn chain<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |error| (*error).source())
}

/// Finds the error of this type in a chain, whatever stands around it.
pub fn find<E: Error + 'static>(error: &BoxError) -> Option<&E> {
    chain(&**error).find_map(|error| error.downcast_ref())
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::Failed;

    #[test]
    fn finds_what_is_there_and_nothing_else() {
        let reset = Failed::<io::Error>::Below(io::Error::other("reset").into());
        let error = BoxError::from(reset);
        assert_eq!(chain(&*error).count(), 2);
        assert_eq!(find::<io::Error>(&error).unwrap().to_string(), "reset");
        assert!(find::<std::fmt::Error>(&error).is_none());
    }
}
