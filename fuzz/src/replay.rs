use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

/// Tries `property` on each file named on the command line; without any, on the corpus of `target`.
///
/// Folders stand for the files in them. Each file is named before it is read, so that the last
/// name tells where a crash that cannot be caught came from.
pub fn replay(target: &str, property: impl Fn(&[u8])) -> ExitCode {
    let mut given: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    if given.is_empty() {
        given.push(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("corpus")
                .join(target),
        );
    }
    match try_all(given, property) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failures) => {
            eprintln!("{target}: {failures} failed");
            ExitCode::FAILURE
        }
        Err(e) => {
            eprintln!("{target}: {e}");
            ExitCode::FAILURE
        }
    }
}

/// The number of files on which the property fails.
fn try_all(given: Vec<PathBuf>, property: impl Fn(&[u8])) -> io::Result<usize> {
    let (mut files, mut failures) = (0, 0);
    for path in given {
        for file in files_at(path)? {
            println!("{}", file.display());
            let bytes = fs::read(&file)?;
            files += 1;
            if catch_unwind(AssertUnwindSafe(|| property(&bytes))).is_err() {
                println!("{} FAILED", file.display());
                failures += 1;
            }
        }
    }
    if files == 0 {
        return Err(io::Error::other("there is nothing to replay"));
    }
    Ok(failures)
}

fn files_at(path: PathBuf) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path]);
    }
    let mut files = fs::read_dir(path)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}
