use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

/// Where a server that speaks the protocol of Redis is installed: its name and its program.
#[derive(Clone, Debug)]
pub struct RedisProgram {
    /// `redis` or `valkey`.
    pub name: &'static str,
    /// The program.
    pub path: PathBuf,
}

/// A server on loopback, on a port and in a directory of its own, that ends with the test.
#[derive(Debug)]
pub struct RedisServer {
    program: RedisProgram,
    args: Vec<String>,
    directory: PathBuf,
    port: u16,
    child: Child,
}

impl RedisProgram {
    /// Those that are installed: in `REDIS_SERVER` and `VALKEY_SERVER`, or on the `PATH`. One that
    /// is not is said to be missing, and fails the test if `REDIS_SERVERS_REQUIRED` is set.
    pub fn installed() -> Vec<Self> {
        static INSTALLED: LazyLock<Vec<RedisProgram>> = LazyLock::new(RedisProgram::find);
        INSTALLED.clone()
    }

    fn find() -> Vec<Self> {
        [
            ("redis", "REDIS_SERVER", "redis-server"),
            ("valkey", "VALKEY_SERVER", "valkey-server"),
        ]
        .into_iter()
        .filter_map(|(name, variable, program)| {
            let path = std::env::var_os(variable).map(PathBuf::from);
            let path = path
                .filter(|path| path.is_file())
                .or_else(|| on_path(program));
            if path.is_none() {
                let required = std::env::var_os("REDIS_SERVERS_REQUIRED").is_some();
                assert!(
                    !required,
                    "{program} is not installed, nor is {variable} set"
                );
                // Seen although the test passes: only what is printed is kept back.
                let missing = format!("skipped: no {program}, which .ci/run installs\n");
                let _ = std::io::stderr().write_all(missing.as_bytes());
            }
            path.map(|path| Self { name, path })
        })
        .collect()
    }

    /// Starts it with these arguments in addition to those that a test needs.
    pub fn start(&self, args: &[&str]) -> RedisServer {
        let port = crate::port();
        let directory = std::env::temp_dir().join(format!("redis-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        let child = spawn(self, &args, &directory, port);
        RedisServer {
            program: self.clone(),
            args,
            directory,
            port,
            child,
        }
    }
}

impl RedisServer {
    /// Its URL.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Sends one command over a connection of its own, and gives what comes back at once.
    pub fn command(&self, line: &str) -> String {
        ask(self.port, line).expect("an answer")
    }

    /// Stops it: it answers nothing until it [goes on](Self::go_on).
    pub fn stop(&self) {
        signal("-STOP", self.child.id());
    }

    /// Lets it go on after a stop.
    pub fn go_on(&self) {
        signal("-CONT", self.child.id());
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Starts it again on the same port, after it was killed: with what it kept, or empty.
    pub fn restart(&mut self) {
        self.child = spawn(&self.program, &self.args, &self.directory, self.port);
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Starts a server and waits until it answers.
fn spawn(program: &RedisProgram, args: &[String], directory: &Path, port: u16) -> Child {
    // It ends with the thread that starts it, however that ends.
    let mut command = match on_path("setpriv") {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL"]).arg(&program.path);
            command
        }
        None => Command::new(&program.path),
    };
    command.args(["--bind", "127.0.0.1", "--save", "", "--daemonize", "no"]);
    command
        .arg("--port")
        .arg(port.to_string())
        .arg("--dir")
        .arg(directory);
    command
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    for _ in 0..2_000 {
        // One that wants a password answers too.
        if ask(port, "PING").is_ok_and(|answer| !answer.is_empty()) {
            return child;
        }
        if let Some(status) = child.try_wait().expect("its state") {
            panic!("{:?} ended: {status}", program.path);
        }
        #[expect(clippy::disallowed_methods, reason = "nobody tells when it listens")]
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{:?} does not answer", program.path);
}

fn ask(port: u16, line: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(format!("{line}\r\n").as_bytes())?;
    let mut answer = vec![0; 65_536];
    let length = stream.read(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
}

fn signal(name: &str, id: u32) {
    let status = Command::new("kill").args([name, &id.to_string()]).status();
    assert!(status.expect("kill(1)").success());
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut found = std::env::split_paths(&path).map(|directory| directory.join(program));
    found.find(|file| file.is_file())
}
