use std::time::{Duration, SystemTime};

use super::expiry::time_left;
use super::history::History;
use super::notice::Notice;
use crate::{SourceError, SourceErrorKind, Token};

/// What a source gave.
pub(crate) struct Reading {
    pub(crate) result: Result<Token, SourceError>,
    pub(crate) may_be_torn: bool,
    pub(crate) interval: Duration,
}

/// The reading may be of a file that is just being written; what to say if it stays so.
pub(super) struct Unsettled(pub(super) SourceError);

impl Reading {
    /// Puts the token in its place among `tokens`. `Ok` with the error to remember, if any.
    ///
    /// `name` is the source's, for errors made here.
    pub(super) fn apply_to(
        self,
        tokens: &mut History,
        name: &str,
        wall: SystemTime,
        notices: &mut Vec<Notice>,
    ) -> Result<Option<SourceError>, Unsettled> {
        let problem = |problem| SourceError::new(name, problem);
        let works = tokens.works();
        let torn = self.may_be_torn && tokens.current.is_some();
        let token = match self.result {
            Ok(token) => token,
            Err(error) => {
                tokens.candidate = None;
                return match torn && !works && error.may_pass() {
                    true => Err(Unsettled(error)),
                    false => Ok(Some(error)),
                };
            }
        };
        if let Some(current) = &mut tokens.current
            && current.token.is_same(&token)
        {
            // The same token may come with a new date.
            current.token = token;
            tokens.candidate = None;
            let unauthorized = tokens.present_is_unauthorized();
            return Ok(unauthorized.then(|| problem(SourceErrorKind::Unauthorized)));
        }
        if works && tokens.is_unauthorized(&token) {
            return Ok(Some(problem(SourceErrorKind::Unauthorized)));
        }
        if works && time_left(&token, wall) == Some(Duration::ZERO) {
            return Ok(Some(problem(SourceErrorKind::Expired)));
        }
        if torn
            && !tokens
                .candidate
                .as_ref()
                .is_some_and(|seen| seen.is_same(&token))
        {
            tokens.candidate = Some(token);
            return match works {
                true => Ok(None),
                false => Err(Unsettled(problem(SourceErrorKind::Unsettled))),
            };
        }
        notices.extend(tokens.adopt(token, works));
        Ok(None)
    }
}
