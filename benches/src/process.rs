//! What a process of a measurement needs of others.

use std::fmt::Display;
use std::io::Write;
use std::process::{Command, Stdio, exit};

/// Tells the process that has started this one; ends this one when that has gone.
pub fn tell(line: impl Display) {
    let mut output = std::io::stdout().lock();
    if writeln!(output, "{line}")
        .and_then(|()| output.flush())
        .is_err()
    {
        exit(1);
    }
}

/// Whether a program is installed that tells its version.
pub fn is_installed(program: &str) -> bool {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok()
}
