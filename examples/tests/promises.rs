//! The guide's chapter of promises names tests and programs that there are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const PROMISES: &str = include_str!("../../crates/comfycontrol/src/guide/promises.md");
const BENCHES: &str = include_str!("../../benches/Cargo.toml");

#[test]
fn each_promise_names_a_test_that_there_is() {
    let named: BTreeSet<_> = tests_named(PROMISES).collect();
    assert!(named.len() > 60, "{} tests are named", named.len());
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
fn each_program_that_is_named_is_one_of_the_benches() {
    let named: BTreeSet<_> = programs_named(PROMISES).collect();
    let expected = ["chaos", "conformance", "shared-budget", "week"];
    assert_eq!(named, BTreeSet::from(expected));
    for program in named {
        assert!(has_program(program), "{program} is no program");
    }
}

#[test]
fn each_promise_says_what_shows_it() {
    let promised = PROMISES.split("\n## Not promised\n").next().unwrap();
    // Each begins in bold, as an item of a list; what comes before the first is an introduction.
    let promises = promised.split_once("\n## ").unwrap().1.split("\n* **");
    let mut count = 0;
    for promise in promises.skip(1) {
        count += 1;
        let shown = promise
            .split_once("\n  * Shown by:")
            .map(|(_, shown)| shown);
        let is_shown = shown.is_some_and(|shown| {
            tests_named(shown).next().is_some() || programs_named(shown).next().is_some()
        });
        assert!(is_shown, "nothing shows: {promise}");
    }
    assert!(count > 25, "{count} promises");
}

#[test]
fn what_there_is_not_is_missed() {
    assert!(!has_test(&crates().join("comfycontrol"), "never_written"));
    // A function that is no test does not count.
    assert!(!has_test(&crates().join("comfycontrol"), "check"));
    assert!(!has_program("never-written"));
    // The library is no program.
    assert!(!has_program("comfycontrol-benches"));
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

/// Each name in backticks that is said to be that of a program.
fn programs_named(text: &str) -> impl Iterator<Item = &str> {
    let after = text.split("the program `").skip(1);
    after.filter_map(|after| after.split('`').next())
}

fn has_program(name: &str) -> bool {
    BENCHES.contains(&format!("[[bin]]\nname = \"{name}\"\n"))
}

/// Whether there is such a test, of the public API or next to what it tests.
fn has_test(own: &Path, name: &str) -> bool {
    let mut sources = sources(&own.join("tests"));
    sources.extend(self::sources(&own.join("src")));
    let is_rust = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    sources.iter().filter(is_rust).any(|path| {
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
