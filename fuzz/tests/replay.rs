//! Every committed input still holds, on any toolchain and without a fuzzer.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn every_input_of_every_corpus_holds() {
    let programs = Path::new(env!("CARGO_BIN_EXE_error_decode"))
        .parent()
        .expect("a program stands in a folder");
    let mut failures = String::new();
    for target in names("fuzz_targets") {
        let run = Command::new(programs.join(&target))
            .env("RUST_BACKTRACE", "0")
            .output()
            .unwrap();
        if !run.status.success() {
            let lines = String::from_utf8_lossy(&run.stdout);
            let last = lines.lines().last().unwrap_or_default();
            let failed = lines.lines().filter(|line| line.ends_with(" FAILED"));
            failures.extend(failed.chain([last]).flat_map(|line| [line, "\n"]));
            failures.push_str(&String::from_utf8_lossy(&run.stderr));
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    assert_eq!(names("fuzz_targets"), names("corpus"));
}

fn names(folder: &str) -> BTreeSet<String> {
    fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            path.file_stem().unwrap().to_str().unwrap().to_owned()
        })
        .collect()
}
