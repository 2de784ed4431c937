//! What goes wrong with stored files.

/// What goes wrong with a file of the storage and the ranges that are asked for of it.
///
/// Hits `GET` of the [storage](crate::Emulator::storage_url). Without one a file has a strong
/// entity tag, and `Range` and `If-Range` are kept to (RFC 9110 §13.1.5, §14).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FileFault {
    /// The file has been replaced: other bytes and another entity tag, for each number others.
    Changed(u64),
    /// A range is given, though `If-Range` asks for the whole.
    IgnoreIfRange,
    /// The whole file comes, though `Range` asks for a part.
    IgnoreRange,
    /// There is no entity tag.
    NoEtag,
    /// The range that comes, and says so, begins so many bytes after the one that was asked for.
    Shift(u64),
    /// The entity tag is weak, and the same for all numbers of [`Changed`](Self::Changed).
    WeakEtag,
}
