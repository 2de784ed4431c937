//! Each source alone: what it takes, what it refuses, and that it neither hangs nor tells.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use comfycontrol_token::{
    InvalidToken, SourceError, SourceProblem, Token, TokenHandle, TokenSource, Tokens, env, file,
    first_of,
};
use tempfile::TempDir;

#[test]
fn a_file_gives_its_token_and_says_what_is_wrong_with_anything_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    for (content, expected) in [
        (&b"cfc_abc\n"[..], Ok("Bearer cfc_abc")),
        (b"\xef\xbb\xbfcfc_abc\r\n", Ok("Bearer cfc_abc")),
        (b"", Err(SourceProblem::InvalidToken(InvalidToken::Empty))),
        (b"\n", Err(SourceProblem::InvalidToken(InvalidToken::Empty))),
        (
            b"cfc_",
            Err(SourceProblem::InvalidToken(
                InvalidToken::NothingAfterPrefix,
            )),
        ),
        (
            b"cf",
            Err(SourceProblem::InvalidToken(InvalidToken::PrefixMissing)),
        ),
        (
            b"${TOKEN}",
            Err(SourceProblem::InvalidToken(InvalidToken::Placeholder)),
        ),
        (
            b"cfc_abc\0\0\0",
            Err(SourceProblem::InvalidToken(
                InvalidToken::IllegalCharacter { position: 8 },
            )),
        ),
        (b"c\0f\0c\0_\0a\0\xff", Err(SourceProblem::NotText)),
    ] {
        fs::write(&path, content).unwrap();
        let got = file(&path).read();
        let got = got
            .as_ref()
            .map(|t| t.header().to_str().unwrap())
            .map_err(|e| e.problem().clone());
        assert_eq!(got, expected, "{content:?}");
    }
}

#[test]
fn a_file_may_hold_4_kib_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    fs::write(&path, format!("{:<4096}", "cfc_abc")).unwrap();
    assert!(file(&path).read().is_ok());
    fs::write(&path, format!("{:<4097}", "cfc_abc")).unwrap();
    assert_eq!(problem_of(&file(&path)), SourceProblem::TooLarge);
}

#[test]
fn a_missing_file_and_a_directory_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let error = file(dir.path().join("token")).read().unwrap_err();
    assert_eq!(*error.problem(), SourceProblem::Absent);
    assert!(error.to_string().ends_with("/token: not there"), "{error}");
    assert_eq!(problem_of(&file(dir.path())), SourceProblem::NotRegularFile);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use comfycontrol_token::command;

    use super::*;

    /// Opening a pipe for reading waits for a writer, who may never come.
    #[test]
    fn a_pipe_a_device_and_a_socket_do_not_hang() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        let socket = dir.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        for path in [
            &*pipe,
            &*socket,
            Path::new("/dev/zero"),
            Path::new("/dev/tty"),
        ] {
            let problem = problem_of(&file(path));
            assert!(
                matches!(
                    problem,
                    SourceProblem::NotRegularFile | SourceProblem::Absent
                ),
                "{path:?}: {problem:?}"
            );
        }
    }

    #[test]
    fn a_link_is_followed_anew_at_each_reading() {
        let (dir, link) = (tempfile::tempdir().unwrap(), "link");
        let at = |name: &str| dir.path().join(name);
        fs::write(at("old"), "cfc_old").unwrap();
        fs::write(at("new"), "cfc_new").unwrap();
        symlink(at("old"), at(link)).unwrap();
        let source = file(at(link));
        assert_eq!(shown(&source), "Bearer cfc_old");
        // The way Kubernetes swaps a mounted secret.
        symlink(at("new"), at("next")).unwrap();
        fs::rename(at("next"), at(link)).unwrap();
        assert_eq!(shown(&source), "Bearer cfc_new");
        fs::remove_file(at("new")).unwrap();
        assert_eq!(problem_of(&source), SourceProblem::Absent);
        symlink(at("self"), at("self")).unwrap();
        assert!(matches!(
            problem_of(&file(at("self"))),
            SourceProblem::Io(_)
        ));
    }

    #[test]
    fn a_command_runs_without_a_shell() {
        assert_eq!(
            shown(&command("printf", ["cfc_%s\\n", "abc"])),
            "Bearer cfc_abc"
        );
        assert_eq!(
            problem_of(&command("echo", ["cfc_$HOME"])),
            SourceProblem::InvalidToken(InvalidToken::IllegalCharacter { position: 5 })
        );
    }

    #[test]
    fn a_command_that_fails_is_named_and_nothing_it_printed() {
        for (script, problem) in [
            (
                "echo cfc_canary; echo canary >&2; exit 3",
                SourceProblem::Exited { code: Some(3) },
            ),
            (
                "echo cfc_canary; kill -9 $$",
                SourceProblem::Exited { code: None },
            ),
            (
                "echo canary",
                SourceProblem::InvalidToken(InvalidToken::PrefixMissing),
            ),
            ("yes canary", SourceProblem::TooLarge),
            ("true", SourceProblem::InvalidToken(InvalidToken::Empty)),
            ("cat", SourceProblem::InvalidToken(InvalidToken::Empty)),
        ] {
            let error = command("sh", ["-c", script]).read().unwrap_err();
            assert_eq!(*error.problem(), problem, "{script}");
            let shown = format!("{error} {error:?} {:?}", command("sh", ["-c", script]));
            assert!(!shown.contains("canary"), "{shown}");
        }
        assert_eq!(
            problem_of(&command::<&str>("no-such-program-here", [])),
            SourceProblem::Absent
        );
        assert!(matches!(
            problem_of(&command::<&str>("/", [])),
            SourceProblem::Io(_)
        ));
        assert!(matches!(
            problem_of(&command::<&str>("a\0b", [])),
            SourceProblem::Io(_)
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
            SourceProblem::TooLarge
        );
        let pid = fs::read_to_string(pid_file).unwrap();
        // Neither running nor waiting to be reaped.
        assert!(!Path::new("/proc").join(pid.trim()).exists());
    }

    /// Takes ten seconds, as the next one does.
    #[test]
    fn a_command_whose_offspring_holds_the_output_open_does_not_pile_up() {
        let dir = tempfile::tempdir().unwrap();
        let runs = dir.path().join("runs");
        let script = format!("echo >> {}; sleep 30 & echo cfc_abc", runs.display());
        let source = command("sh", ["-c", &script]);
        for _ in 0..3 {
            assert_eq!(problem_of(&source.clone()), SourceProblem::TimedOut);
        }
        assert_eq!(fs::read_to_string(runs).unwrap(), "\n");
    }

    /// Takes ten seconds, which the source counts and does not read off a clock.
    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a real process runs in real time"
    )]
    fn a_command_that_does_not_end_is_stopped() {
        let begun = tokio::time::Instant::now();
        assert_eq!(
            problem_of(&command("sleep", ["60"])),
            SourceProblem::TimedOut
        );
        assert!(
            begun.elapsed() < Duration::from_secs(50),
            "waited for its end"
        );
    }

    #[test]
    fn an_open_token_file_is_still_read() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let path = written(&dir, "token", "cfc_abc");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(file(&path).read().is_ok());
    }
}

#[test]
fn a_token_given_as_a_name_is_masked() {
    // The prefix pasted twice, as people do.
    let pasted = env("cfc_cfc_canary_canary").read().unwrap_err();
    assert_eq!(
        pasted.to_string(),
        "environment variable cfc_***: not there"
    );
    let source = env("cfc_canary");
    let error = source.read().unwrap_err();
    let tokens = Tokens::from(env("cfc_canary"));
    let shown = format!(
        "{error} {error:?} {source:?} {tokens:?} {:?}",
        file("/x/cfc_canary").read()
    );
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn a_variable_that_is_set_is_read() {
    // `cargo test` sets it; it is no token, and so the error shows that it was read.
    assert_eq!(
        problem_of(&env("CARGO_MANIFEST_DIR")),
        SourceProblem::InvalidToken(InvalidToken::PrefixMissing)
    );
    for name in ["NO_SUCH_VARIABLE", "", "A=B", "A\0B"] {
        assert_eq!(problem_of(&env(name)), SourceProblem::Absent, "{name:?}");
    }
}

#[test]
fn the_first_source_that_works_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    let source = first_of(file(&one))
        .or(env("NO_SUCH_VARIABLE"))
        .or(file(&two));
    let SourceProblem::NothingWorked(errors) = problem_of(&source) else {
        panic!("something worked");
    };
    assert_eq!(errors.len(), 3);

    fs::write(&one, "broken").unwrap();
    fs::write(&two, "cfc_two").unwrap();
    assert_eq!(shown(&source), "Bearer cfc_two");
    // An earlier one that gets well takes its place back ...
    fs::write(&one, "cfc_one").unwrap();
    assert_eq!(shown(&source), "Bearer cfc_one");
    // ... and keeps it while it is broken, but not once it is gone.
    fs::write(&one, "broken").unwrap();
    assert!(matches!(
        problem_of(&source),
        SourceProblem::InvalidToken(_)
    ));
    fs::remove_file(&one).unwrap();
    assert_eq!(shown(&source), "Bearer cfc_two");
}

#[test]
fn falling_back_is_doubted_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(&dir, "token", "cfc_file");
    let source = first_of(file(&path)).or(Token::parse("cfc_fixed").unwrap());
    source.read().unwrap();
    assert!(source.may_be_torn(), "a file may be");
    fs::remove_file(&path).unwrap();
    source.read().unwrap();
    assert!(source.may_be_torn(), "it may be about to come back");
    source.read().unwrap();
    assert!(!source.may_be_torn());
}

#[test]
fn a_token_that_is_no_longer_good_gives_way_to_the_next() {
    let (old, new) = (
        Token::parse("cfc_old").unwrap(),
        Token::parse("cfc_new").unwrap(),
    );
    let source = first_of(old.clone()).or(new);
    let refused = old.fingerprint();
    let good = |token: &Token| token.fingerprint() != refused;
    assert_eq!(
        source.read_preferring(&good).unwrap().header(),
        "Bearer cfc_new"
    );
    assert_eq!(
        source.read_preferring(&|_| false).unwrap().header(),
        "Bearer cfc_old"
    );
}

#[test]
fn a_date_is_put_on_tokens_that_have_none() {
    let (date, other) = (
        SystemTime::UNIX_EPOCH,
        SystemTime::UNIX_EPOCH + Duration::from_secs(9),
    );
    let token = Token::parse("cfc_abc").unwrap();
    assert_eq!(
        token.clone().expiring_at(date).read().unwrap().expires_at(),
        Some(date)
    );
    let dated = token.with_expiry(other).expiring_at(date);
    assert_eq!(dated.read().unwrap().expires_at(), Some(other));
    let source = first_of(dated);
    source
        .read_preferring(&|token| token.expires_at() == Some(other))
        .unwrap();
}

#[test]
fn a_handle_can_be_one_of_several_sources() {
    let handle = TokenHandle::new(Token::parse("cfc_old").unwrap());
    let source = first_of(env("NO_SUCH_VARIABLE")).or(handle.clone());
    handle.rotate(Token::parse("cfc_new").unwrap());
    assert_eq!(shown(&source), "Bearer cfc_new");
}

#[test]
fn a_mistake_shows_at_the_start_when_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let good = written(&dir, "token", "cfc_abc");
    assert_eq!(
        Tokens::from(file(good))
            .preload()
            .unwrap()
            .snapshot()
            .generation(),
        1
    );
    let error = Tokens::from(file(dir.path())).preload().unwrap_err();
    assert_eq!(*error.problem(), SourceProblem::NotRegularFile);
}

#[test]
fn a_source_that_panics_is_an_error() {
    struct Panics;

    impl TokenSource for Panics {
        fn read(&self) -> Result<Token, SourceError> {
            panic!("on purpose")
        }
    }

    let error = Tokens::new(Panics).preload().unwrap_err();
    assert_eq!(*error.problem(), SourceProblem::Panicked);
    let boxed: Box<dyn TokenSource> = Box::new(Panics);
    assert!(Tokens::from(boxed).preload().is_err());
}

// === support ===

fn shown(source: &impl TokenSource) -> String {
    source.read().unwrap().header().to_str().unwrap().into()
}

fn problem_of(source: &impl TokenSource) -> SourceProblem {
    source.read().unwrap_err().problem().clone()
}

fn written(dir: &TempDir, name: &str, content: &str) -> std::path::PathBuf {
    let path = dir.path().join(name);
    fs::write(&path, content).unwrap();
    path
}
