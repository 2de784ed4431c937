//! A command, which may print too much, fail, or not end.

use std::fs;
use std::path::Path;
#[cfg(target_os = "linux")]
use std::process::Command;
use std::time::Duration;

use comfycontrol_test::now;
#[cfg(target_os = "linux")]
use comfycontrol_test::once_more;
use comfycontrol_token::{InvalidToken, SourceErrorKind, TokenSource, command};

use crate::support::{problem_of, shown};

#[test]
fn a_command_runs_without_a_shell() {
    assert_eq!(
        shown(&command("printf", ["cfc_%s\\n", "abc"])),
        "Bearer cfc_abc"
    );
    assert_eq!(
        problem_of(&command("echo", ["cfc_$HOME"])),
        SourceErrorKind::InvalidToken(InvalidToken::IllegalCharacter { position: 5 })
    );
}

#[test]
fn a_command_that_fails_is_named_and_nothing_it_printed() {
    for (script, problem) in [
        (
            "echo cfc_canary; echo canary >&2; exit 3",
            SourceErrorKind::Exited { code: Some(3) },
        ),
        (
            "echo cfc_canary; kill -9 $$",
            SourceErrorKind::Exited { code: None },
        ),
        (
            "echo canary",
            SourceErrorKind::InvalidToken(InvalidToken::PrefixMissing),
        ),
        ("yes canary", SourceErrorKind::TooLarge),
        ("true", SourceErrorKind::InvalidToken(InvalidToken::Empty)),
        ("cat", SourceErrorKind::InvalidToken(InvalidToken::Empty)),
    ] {
        let error = command("sh", ["-c", script]).read().unwrap_err();
        assert_eq!(*error.kind(), problem, "{script}");
        let shown = format!("{error} {error:?} {:?}", command("sh", ["-c", script]));
        assert!(!shown.contains("canary"), "{shown}");
    }
    assert_eq!(
        problem_of(&command::<&str>("no-such-program-here", [])),
        SourceErrorKind::NotFound
    );
    assert!(matches!(
        problem_of(&command::<&str>("/", [])),
        SourceErrorKind::Io(_)
    ));
    assert!(matches!(
        problem_of(&command::<&str>("a\0b", [])),
        SourceErrorKind::Io(_)
    ));
}

#[cfg(target_os = "linux")]
#[test]
fn no_command_is_left_behind() {
    let dir = tempfile::tempdir().unwrap();
    let pid_file = dir.path().join("pid");
    let script = format!("echo $$ > {}; exec yes", pid_file.display());
    assert_eq!(
        problem_of(&command("sh", ["-c", &script])),
        SourceErrorKind::TooLarge
    );
    let pid = fs::read_to_string(pid_file).unwrap();
    // Neither running nor waiting to be reaped.
    assert!(!Path::new("/proc").join(pid.trim()).exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_works_where_the_ends_of_children_are_ignored() {
    let test = once_more("command::reads_a_command");
    // Inherited, where the shell's own `trap` need not be.
    let ignoring = Command::new("env")
        .arg("--ignore-signal=CHLD")
        .arg(test.get_program())
        .args(test.get_args())
        .env(IGNORING, "")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ignoring.stdout);
    assert!(ignoring.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
    assert!(said.contains("read with its end ignored"), "{said}");
}

/// What the child runs; does nothing in an ordinary test run.
#[cfg(target_os = "linux")]
#[test]
fn reads_a_command() {
    if std::env::var_os(IGNORING).is_none() {
        return;
    }
    for script in [
        "echo cfc_abc",
        "echo cfc_abc; exec >&-; sleep 0.1",
        "echo cfc_abc; exit 3",
    ] {
        assert_eq!(shown(&command("sh", ["-c", script])), "Bearer cfc_abc");
    }
    let nothing = SourceErrorKind::InvalidToken(InvalidToken::Empty);
    assert_eq!(problem_of(&command("sh", ["-c", "exit 3"])), nothing);
    assert_eq!(
        problem_of(&command("yes", ["a"])),
        SourceErrorKind::TooLarge
    );
    println!("read with its end ignored");
}

/// Takes ten seconds, as the next one does.
#[test]
fn a_command_whose_offspring_holds_the_output_open_does_not_pile_up() {
    let dir = tempfile::tempdir().unwrap();
    let runs = dir.path().join("runs");
    let script = format!("echo >> {}; sleep 30 & echo cfc_abc", runs.display());
    let source = command("sh", ["-c", &script]);
    for _ in 0..3 {
        assert_eq!(problem_of(&source.clone()), SourceErrorKind::TimedOut);
    }
    assert_eq!(fs::read_to_string(runs).unwrap(), "\n");
}

/// Takes ten seconds, which the source counts and does not read off a clock.
#[test]
fn a_command_that_does_not_end_is_stopped() {
    let begun = now();
    assert_eq!(
        problem_of(&command("sleep", ["60"])),
        SourceErrorKind::TimedOut
    );
    assert!(
        begun.elapsed() < Duration::from_secs(50),
        "waited for its end"
    );
}

// === support ===

#[cfg(target_os = "linux")]
const IGNORING: &str = "SOURCES_IGNORING_CHILDREN";
