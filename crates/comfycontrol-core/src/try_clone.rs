/// A request body that may be cloned, so that its request can be sent again.
///
/// Implemented here for the bodies that come with the language, and with the feature
/// `http-body-util` for those of that crate. A body type of your own implements it itself; put one
/// of another crate into a type of your own first.
///
/// ```
/// use comfycontrol_core::TryClone;
/// use http_body_util::Full;
///
/// #[derive(Clone)]
/// struct Bytes(Full<&'static [u8]>);
///
/// impl TryClone for Bytes {
///     fn try_clone(&self) -> Option<Self> {
///         Some(self.clone())
///     }
/// }
///
/// assert!(Bytes(Full::new(b"twice")).try_clone().is_some());
/// ```
pub trait TryClone: Sized {
    /// Returns a second body with the same content, or `None` if it can be sent only once.
    fn try_clone(&self) -> Option<Self>;
}

/// No body.
impl TryClone for () {
    fn try_clone(&self) -> Option<Self> {
        Some(())
    }
}

/// The one text that is a body to [`http-body`](https://docs.rs/http-body).
impl TryClone for String {
    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

/// No body, of any type of data.
#[cfg(feature = "http-body-util")]
impl<D> TryClone for http_body_util::Empty<D> {
    fn try_clone(&self) -> Option<Self> {
        Some(Self::new())
    }
}

/// One piece of data.
#[cfg(feature = "http-body-util")]
impl<D: bytes::Buf + Clone> TryClone for http_body_util::Full<D> {
    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_of_the_language_can_be_had_as_often_as_wanted() {
        assert_eq!(().try_clone(), Some(()));
        let body = "payload".to_owned();
        let copy = body.try_clone().unwrap();
        assert_eq!((copy.try_clone(), copy), (Some(body), "payload".to_owned()));
    }
    #[cfg(feature = "http-body-util")]
    #[test]
    fn a_copy_of_a_body_has_all_that_is_left_of_it() {
        use http_body_util::{Empty, Full};

        assert!(Empty::<&[u8]>::new().try_clone().is_some());
        let body = Full::new(&b"payload"[..]);
        assert_eq!(
            format!("{:?}", body.try_clone()),
            format!("{:?}", Some(body))
        );
    }
}
