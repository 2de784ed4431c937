use std::error::Error;
use std::fmt;

use comfycontrol_core::{BoxError, clean_error};
use comfycontrol_token::{InvalidOrigin, InvalidToken};
use comfycontrol_transport::InvalidTransport;

/// A setting the client cannot be built from.
#[derive(Debug)]
pub struct InvalidConfig {
    setting: Setting,
    source: Option<BoxError>,
}

/// The setting that is wrong.
#[derive(Debug)]
pub(crate) enum Setting {
    BaseUrl(InvalidOrigin),
    Header,
    #[cfg(feature = "shared-budget")]
    SharedBudget,
    TokenMalformed(InvalidToken),
    TokenMissing,
    TokenUnreadable,
    Transport(InvalidTransport),
    UserAgent,
}

impl InvalidConfig {
    pub(crate) fn new(setting: Setting) -> Self {
        Self {
            setting,
            source: None,
        }
    }

    pub(crate) fn because(setting: Setting, source: impl Into<BoxError>) -> Self {
        Self {
            setting,
            source: Some(clean_error(source)),
        }
    }

    /// The name of the builder method whose setting is wrong.
    #[must_use]
    pub fn setting(&self) -> &'static str {
        match &self.setting {
            Setting::BaseUrl(_) => "base_url",
            Setting::Header => "default_header",
            #[cfg(feature = "shared-budget")]
            Setting::SharedBudget => "shared_budget",
            Setting::Transport(e) => e.setting(),
            Setting::TokenMalformed(_) | Setting::TokenMissing | Setting::TokenUnreadable => {
                "token"
            }
            Setting::UserAgent => "user_agent",
        }
    }
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.setting {
            Setting::BaseUrl(why) => write!(f, "base URL is not valid: {why}"),
            Setting::Header => f.write_str("default header is not valid in HTTP"),
            #[cfg(feature = "shared-budget")]
            Setting::SharedBudget => f.write_str("shared budget needs a tokio runtime"),
            Setting::TokenMalformed(why) => write!(f, "token is not valid: {why}"),
            Setting::TokenMissing => f.write_str(
                "no token: set COMFYCONTROL_TOKEN, call token(), or say without_token()",
            ),
            Setting::TokenUnreadable => f.write_str("token cannot be read"),
            Setting::Transport(e) => fmt::Display::fmt(e, f),
            Setting::UserAgent => f.write_str("user agent is not valid in HTTP"),
        }
    }
}

impl Error for InvalidConfig {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.setting {
            Setting::Transport(e) => e.source(),
            _ => self.source.as_deref().map(|e| e as _),
        }
    }
}

impl From<InvalidTransport> for InvalidConfig {
    fn from(e: InvalidTransport) -> Self {
        Self::new(Setting::Transport(e))
    }
}
