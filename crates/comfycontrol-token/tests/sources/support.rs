use std::fs;
use std::path::PathBuf;

use comfycontrol_token::{SourceErrorKind, TokenSource};
use tempfile::TempDir;

pub(crate) fn shown(source: &impl TokenSource) -> String {
    source.read().unwrap().header().to_str().unwrap().into()
}

pub(crate) fn problem_of(source: &impl TokenSource) -> SourceErrorKind {
    source.read().unwrap_err().kind().clone()
}

pub(crate) fn written(dir: &TempDir, name: &str, content: &str) -> PathBuf {
    let path = dir.path().join(name);
    fs::write(&path, content).unwrap();
    path
}
