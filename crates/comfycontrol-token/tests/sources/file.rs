//! A token file, and all that may stand in its place.

use std::fs;

use comfycontrol_token::{InvalidToken, SourceErrorKind, TokenSource, file};

use crate::support::problem_of;

#[test]
fn a_file_gives_its_token_and_says_what_is_wrong_with_anything_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    for (content, expected) in [
        (&b"cfc_abc\n"[..], Ok("Bearer cfc_abc")),
        (b"\xef\xbb\xbfcfc_abc\r\n", Ok("Bearer cfc_abc")),
        (b"", Err(SourceErrorKind::InvalidToken(InvalidToken::Empty))),
        (
            b"\n",
            Err(SourceErrorKind::InvalidToken(InvalidToken::Empty)),
        ),
        (
            b"cfc_",
            Err(SourceErrorKind::InvalidToken(
                InvalidToken::NothingAfterPrefix,
            )),
        ),
        (
            b"cf",
            Err(SourceErrorKind::InvalidToken(InvalidToken::PrefixMissing)),
        ),
        (
            b"${TOKEN}",
            Err(SourceErrorKind::InvalidToken(InvalidToken::Placeholder)),
        ),
        (
            b"cfc_abc\0\0\0",
            Err(SourceErrorKind::InvalidToken(
                InvalidToken::IllegalCharacter { position: 8 },
            )),
        ),
        (b"c\0f\0c\0_\0a\0\xff", Err(SourceErrorKind::NotUtf8)),
    ] {
        fs::write(&path, content).unwrap();
        let got = file(&path).read();
        let got = got
            .as_ref()
            .map(|t| t.header().to_str().unwrap())
            .map_err(|e| e.kind().clone());
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
    assert_eq!(problem_of(&file(&path)), SourceErrorKind::TooLarge);
}

#[test]
fn a_missing_file_and_a_directory_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let error = file(dir.path().join("token")).read().unwrap_err();
    assert_eq!(*error.kind(), SourceErrorKind::NotFound);
    assert!(error.to_string().ends_with("/token: not there"), "{error}");
    assert_eq!(
        problem_of(&file(dir.path())),
        SourceErrorKind::NotRegularFile
    );
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;
    use std::path::Path;
    use std::process::Command;

    use super::*;
    use crate::support::{shown, written};

    /// Opening a pipe for reading waits for a writer, which may never come.
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
                    SourceErrorKind::NotRegularFile | SourceErrorKind::NotFound
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
        assert_eq!(problem_of(&source), SourceErrorKind::NotFound);
        symlink(at("self"), at("self")).unwrap();
        assert!(matches!(
            problem_of(&file(at("self"))),
            SourceErrorKind::Io(_)
        ));
    }

    #[test]
    fn an_open_token_file_is_still_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = written(&dir, "token", "cfc_abc");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(file(&path).read().is_ok());
    }
}
