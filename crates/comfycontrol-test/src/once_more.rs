use std::process::Command;

/// This test program once more, to run one test of it, ignored or not: in a process with another
/// environment, or one that can be stopped.
pub fn once_more(test: &str) -> Command {
    let program = std::env::current_exe().expect("the path of this program");
    let mut command = Command::new(program);
    command.args(["--exact", test, "--include-ignored", "--nocapture"]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_the_one_test_with_what_is_set() {
        let mut child = once_more("once_more::tests::child_says_what_is_set");
        let output = child.env("ONCE_MORE", "found").output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{told}");
        assert!(
            told.contains("running 1 test") && told.contains("set: found"),
            "{told}"
        );
    }

    #[test]
    #[ignore = "run by the test above, with an environment of its own"]
    fn child_says_what_is_set() {
        println!("set: {}", std::env::var("ONCE_MORE").unwrap_or_default());
    }
}
