use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use comfycontrol_core::Escaped;
use parking_lot::Mutex;

use super::error::{SourceError, SourceErrorKind};
use super::token_source::TokenSource;
use crate::Token;

/// A source that reads the first of several that works: `first`, then those of
/// [`or`](FirstOfSource::or).
///
/// A token that had a 401, or that expires within 5 minutes, gives way to the next source's, if
/// there is one. A source that has given the token keeps its place while it is broken (a file
/// half-written, say): later ones are asked once it is gone. All are read as seldom as the slowest
/// of them: with a command among them, once in 60 s.
///
/// ```
/// use comfycontrol_token::{Token, TokenSource, env, first_of};
///
/// let source = first_of(env("NO_SUCH_VARIABLE")).or(Token::parse("cfc_fallback")?);
/// assert_eq!(source.read()?.header(), "Bearer cfc_fallback");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn first_of(first: impl TokenSource) -> FirstOfSource {
    FirstOfSource {
        sources: vec![Box::new(first)],
        chosen: Mutex::default(),
    }
}

/// Source of the first token that several sources have, made by [`first_of`].
pub struct FirstOfSource {
    sources: Vec<Box<dyn TokenSource>>,
    chosen: Mutex<Option<Chosen>>,
}

/// Which source gave the last token.
#[derive(Clone, Copy)]
struct Chosen {
    at: usize,
    /// Whether an earlier one had given the token before.
    fell_back: bool,
}

impl FirstOfSource {
    /// Adds a source to ask when those before it do not work.
    #[must_use]
    pub fn or(mut self, next: impl TokenSource) -> Self {
        self.sources.push(Box::new(next));
        self
    }

    fn choose(&self, at: usize) {
        let mut chosen = self.chosen.lock();
        let fell_back = chosen.is_some_and(|before| before.at < at);
        *chosen = Some(Chosen { at, fell_back });
    }

    fn chosen(&self) -> Option<Chosen> {
        *self.chosen.lock()
    }
}

impl TokenSource for FirstOfSource {
    fn read(&self) -> Result<Token, SourceError> {
        self.read_preferring(&|_| true)
    }

    fn read_preferring(&self, good: &dyn Fn(&Token) -> bool) -> Result<Token, SourceError> {
        let before = self.chosen().map(|chosen| chosen.at);
        let mut errors = Vec::new();
        let mut second_best = None;
        for (at, source) in self.sources.iter().enumerate() {
            match source.read_preferring(good) {
                Ok(token) if good(&token) => {
                    self.choose(at);
                    return Ok(token);
                }
                Ok(token) => second_best = second_best.or(Some((at, token))),
                Err(error) if before == Some(at) && !error.is_not_found() => return Err(error),
                Err(error) => errors.push(error),
            }
        }
        if let Some((at, token)) = second_best {
            self.choose(at);
            return Ok(token);
        }
        Err(SourceError::new(
            self.name(),
            SourceErrorKind::AllFailed(errors),
        ))
    }

    fn name(&self) -> Cow<'_, str> {
        format!("first of {} sources", self.sources.len()).into()
    }

    /// That of the slowest, so that a command among them does not run every second.
    fn interval(&self) -> Duration {
        self.sources
            .iter()
            .map(TokenSource::interval)
            .max()
            .unwrap_or_default()
    }

    fn may_be_torn(&self) -> bool {
        // Falling back is doubted as well: what is gone may be about to come back.
        self.chosen()
            .is_some_and(|chosen| chosen.fell_back || self.sources[chosen.at].may_be_torn())
    }
}

impl fmt::Debug for FirstOfSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "FirstOfSource({})",
            Escaped::new(&self.name(), usize::MAX)
        )
    }
}
