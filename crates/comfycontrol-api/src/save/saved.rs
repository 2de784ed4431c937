use std::path::PathBuf;

use crate::OutputId;

/// An output that is on disk, whole.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SavedFile {
    /// The id of the output.
    pub output: OutputId,
    /// The path of the file.
    pub path: PathBuf,
    /// How many bytes it has.
    pub length: u64,
}

/// How far an output has come that is being saved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SaveProgress<'a> {
    /// The id of the output.
    pub output: &'a OutputId,
    /// How many bytes of it are there; fewer than before where it begins again.
    pub received: u64,
    /// How many it has, if the host says so.
    pub length: Option<u64>,
}
