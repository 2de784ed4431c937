//! Where all programs of one user find the same file.

use std::path::PathBuf;

use crate::disk;
use crate::error::{FileError, FileErrorKind};

/// The file for `name` in the directory of this user, which is made if it is not there.
pub(crate) fn of_user(name: &str) -> Result<PathBuf, FileError> {
    let directory = directory()?;
    let io = |error| FileError::io(&directory, error);
    disk::make_directory(&directory).map_err(io)?;
    if !disk::is_private(&directory).map_err(io)? {
        return Err(FileError::new(&directory, FileErrorKind::NotPrivate));
    }
    Ok(directory.join(file_name(name)))
}

/// It depends on the user alone: a program that cron starts has another environment than one in a
/// terminal, and `XDG_RUNTIME_DIR` is not there before the user has logged in. It is emptied when
/// the machine starts, which ends all that is kept in it anyway.
#[cfg(unix)]
fn directory() -> Result<PathBuf, FileError> {
    let user = rustix::process::geteuid().as_raw();
    Ok(format!("/tmp/comfycontrol-{user}").into())
}

#[cfg(not(unix))]
fn directory() -> Result<PathBuf, FileError> {
    match std::env::var_os("LOCALAPPDATA") {
        Some(local) => Ok(PathBuf::from(local).join("comfycontrol")),
        None => Err(FileError::io(
            "LOCALAPPDATA".as_ref(),
            std::io::ErrorKind::NotFound.into(),
        )),
    }
}

/// The name with all that could lead elsewhere written as a number. No two names become the same.
fn file_name(name: &str) -> String {
    let mut file_name = String::with_capacity(name.len() + 7);
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' => file_name.push(char::from(byte)),
            _ => file_name.push_str(&format!("_{byte:02x}")),
        }
    }
    file_name.push_str(".budget");
    file_name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_directory() {
        for (name, file) in [
            ("api.comfycontrol.app", "api.comfycontrol.app.budget"),
            ("127.0.0.1:8080", "127.0.0.1_3a8080.budget"),
            ("../x", ".._2fx.budget"),
            ("a\\b_B", "a_5cb_5f_42.budget"),
            ("", ".budget"),
        ] {
            assert_eq!(file_name(name), file);
        }
    }

    #[test]
    #[cfg(unix)]
    fn it_is_the_same_in_every_environment_and_private() {
        let path = of_user("api.example").unwrap();
        let directory = path.parent().unwrap();
        assert!(disk::is_private(directory).unwrap());
        assert!(directory.starts_with("/tmp"));
    }
}
