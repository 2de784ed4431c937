//! How many crates a client pulls in, counted in a package that depends on nothing else.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, Error};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use crate::measure::Stopwatch;

/// A client for HTTP, with what the facade can do: rustls, HTTP/2, JSON, gzip, multipart, streams,
/// SOCKS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Client {
    /// Ours.
    Facade,
    /// reqwest with aws-lc-rs, its default.
    Reqwest,
    /// reqwest with ring, as the facade has it.
    ReqwestRing,
}

impl Client {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Facade, Self::Reqwest, Self::ReqwestRing];

    /// As it stands in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Facade => "comfycontrol",
            Self::Reqwest => "reqwest",
            Self::ReqwestRing => "reqwest with ring",
        }
    }

    /// How many crates it consists of, itself included.
    ///
    /// # Errors
    ///
    /// If cargo cannot resolve it.
    pub fn crates(self) -> io::Result<BTreeSet<String>> {
        let manifest = self.package(None)?;
        let args = ["-e", "normal", "--prefix", "none", "--no-dedupe"];
        let output = cargo("tree", &manifest).args(args).output()?;
        if !output.status.success() {
            return Err(Error::other(String::from_utf8_lossy(&output.stderr)));
        }
        let lines = String::from_utf8_lossy(&output.stdout);
        let crates = lines.lines().filter(|line| !line.starts_with(PACKAGE));
        Ok(crates.map(str::to_owned).collect())
    }

    /// How long it takes to build it for release from nothing.
    ///
    /// # Errors
    ///
    /// If it does not build.
    pub fn cold_build(self) -> io::Result<Duration> {
        let manifest = self.package(None)?;
        let target = manifest.with_file_name("target");
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
        let status = cargo("fetch", &manifest).stderr(Stdio::null()).status()?;
        if !status.success() {
            return Err(Error::other("cargo fetch failed"));
        }
        let watch = Stopwatch::start();
        let mut build = cargo("build", &manifest);
        build
            .args(["--release", "--quiet", "--target-dir"])
            .arg(&target);
        let status = build.env("CARGO_INCREMENTAL", "0").status()?;
        let time = watch.elapsed();
        fs::remove_dir_all(&target)?;
        if status.success() {
            Ok(time)
        } else {
            Err(Error::other("cargo build failed"))
        }
    }

    /// Builds a program with this `main`, for release, and strips it.
    pub(super) fn program(self, main: &str) -> io::Result<PathBuf> {
        let manifest = self.package(Some(main))?;
        let target = manifest.with_file_name("target");
        let mut build = cargo("build", &manifest);
        build
            .args(["--release", "--quiet", "--target-dir"])
            .arg(&target);
        if build
            .env("CARGO_PROFILE_RELEASE_STRIP", "true")
            .status()?
            .success()
        {
            Ok(target.join("release").join(PACKAGE))
        } else {
            Err(Error::other("cargo build failed"))
        }
    }

    /// Writes a package that depends on it alone, with the versions of the workspace; or a program
    /// with this `main`, which needs a runtime as well.
    fn package(self, main: Option<&str>) -> io::Result<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .canonicalize()?;
        let kind = if main.is_some() { "programs" } else { "crates" };
        let folder = root.join("target").join(kind).join(format!("{self:?}"));
        let source = folder.join("src");
        fs::create_dir_all(&source)?;
        let runtime = match main {
            Some(main) => {
                fs::write(source.join("main.rs"), TELL.to_owned() + main)?;
                TOKIO
            }
            None => {
                fs::write(source.join("lib.rs"), "")?;
                ""
            }
        };
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        let manifest = folder.join("Cargo.toml");
        let head = format!("[package]\nname = \"{PACKAGE}\"\nedition = \"2024\"\n\n[workspace]\n");
        fs::write(
            &manifest,
            format!(
                "{head}\n[dependencies]\n{runtime}{}",
                self.dependencies(&root)
            ),
        )?;
        Ok(manifest)
    }

    fn dependencies(self, root: &Path) -> String {
        let reqwest = |tls: &str| {
            format!(
                "reqwest = {{ version = \"0.13\", default-features = false, features = [\"gzip\", \
                 \"http2\", \"json\", \"multipart\", \"{tls}\", \"socks\", \"stream\"] }}\n"
            )
        };
        match self {
            Self::Facade => {
                let path = root.join("crates").join("comfycontrol");
                format!("comfycontrol = {{ path = {path:?} }}\n")
            }
            Self::Reqwest => reqwest("rustls"),
            Self::ReqwestRing => {
                let ring = "rustls = { version = \"0.23\", default-features = false, \
                            features = [\"ring\", \"std\", \"tls12\"] }\n";
                reqwest("rustls-no-provider") + ring
            }
        }
    }
}

fn cargo(command: &str, manifest: &Path) -> Command {
    let program = env::var_os("CARGO");
    let mut cargo = Command::new(program.as_deref().unwrap_or(OsStr::new("cargo")));
    cargo.arg(command).arg("--manifest-path").arg(manifest);
    cargo
}

const PACKAGE: &str = "only-this";
const TOKIO: &str = "tokio = { version = \"1.51\", features = [\"macros\", \"rt\"] }\n";

/// Tells a status, the most memory that was resident, and how much is the program's own now.
const TELL: &str = r#"
fn tell(status: u16) {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let kib = |name| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap()
    };
    println!("{status} {} {}", kib("VmHWM:"), kib("RssAnon:"));
}
"#;
