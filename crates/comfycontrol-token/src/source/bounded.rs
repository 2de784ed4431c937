use std::io::{self, ErrorKind, Read};

use zeroize::Zeroizing;

use super::error::SourceErrorKind;
use crate::Token;

/// The most that a file or a command may hold, in bytes.
pub(super) const MAX_LEN: usize = 4096;

/// Reads all of `from`, or the first byte too many. The memory is wiped afterwards.
pub(super) fn read(from: &mut impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // Never grows, so that no unwiped copy is left behind.
    let mut bytes = Zeroizing::new(vec![0; MAX_LEN + 1]);
    let mut len = 0;
    while len < bytes.len() {
        match from.read(&mut bytes[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(len);
    Ok(bytes)
}

/// Makes a token of what [`read`] gave.
pub(super) fn token(bytes: &[u8]) -> Result<Token, SourceErrorKind> {
    if bytes.len() > MAX_LEN {
        return Err(SourceErrorKind::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| SourceErrorKind::NotUtf8)?;
    Token::parse(text).map_err(SourceErrorKind::InvalidToken)
}
