//! The guide's chapter of promises names tests that there are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const PROMISES: &str = include_str!("../../crates/comfycontrol/src/guide/promises.md");

#[test]
fn each_promise_names_a_test_that_there_is() {
    let named: BTreeSet<_> = tests_named(PROMISES).collect();
    assert!(named.len() > 40, "{} tests are named", named.len());
    for (name, test) in named {
        let own = if name == "comfycontrol" {
            name.to_owned()
        } else {
            format!("comfycontrol-{name}")
        };
        assert!(has_test(&crates().join(&own), test), "{own} has no {test}");
    }
}

#[test]
fn each_row_of_a_promise_names_at_least_one() {
    for row in PROMISES.lines().filter(|line| line.starts_with("| ")) {
        let is_head = row.starts_with("| promise ");
        let is_shown = row.contains("::") || row.contains("the program `");
        assert!(is_head || is_shown, "nothing shows: {row}");
    }
}

#[test]
fn a_test_that_there_is_not_is_missed() {
    assert!(!has_test(&crates().join("comfycontrol"), "never_written"));
    // A function that is no test does not count.
    assert!(!has_test(&crates().join("comfycontrol"), "check"));
}

/// Each `crate::test` in backticks.
fn tests_named(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let code = text.split('`').skip(1).step_by(2);
    code.filter_map(|code| code.split_once("::"))
        .filter(|(name, test)| {
            let is_name = |c: char| c.is_ascii_lowercase() || c == '-';
            name.chars().all(is_name) && test.contains('_')
        })
}

fn has_test(own: &Path, name: &str) -> bool {
    sources(&own.join("tests")).iter().any(|path| {
        let text = fs::read_to_string(path).unwrap();
        text.split("#[").any(|piece| {
            let is_test = piece.starts_with("test]") || piece.starts_with("tokio::test");
            let first = piece.split_once("fn ").map(|(_, function)| function);
            is_test && first.is_some_and(|function| function.starts_with(&format!("{name}(")))
        })
    })
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates")
}
