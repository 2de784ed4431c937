use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a budget is kept.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Memory,
    File(PathBuf),
    Redis(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Redis(url) => f.write_str(url),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "memory" => Ok(Self::Memory),
            Some(("file", path)) => Ok(Self::File(path.into())),
            Some(("redis", _)) => Ok(Self::Redis(text.into())),
            _ => Err(format!("no place: {text}")),
        }
    }
}
