//! The listeners of an emulator, by name.

/// The listener that a request came in by: the API without or with TLS, or the storage.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Listener {
    /// The API without TLS.
    Http,
    /// The API with TLS.
    Https,
    /// The signed URLs of outputs, without TLS.
    Storage,
}
