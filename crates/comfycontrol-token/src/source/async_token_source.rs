use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::error::SourceError;
use super::interval::LONGEST_INTERVAL;
use crate::Token;

/// One reading of an [`AsyncTokenSource`]: `Box::pin(async move { .. })`.
pub type TokenFuture<'a> = Pin<Box<dyn Future<Output = Result<Token, SourceError>> + Send + 'a>>;

/// A source of tokens, read again and again without blocking, as by the client of a vault.
///
/// A [`TokenProvider`](crate::TokenProvider) reads it in a task of the tokio runtime, once at a
/// time, and keeps the last good token whatever happens here. A panic counts as a [`SourceError`].
/// No request waits for a reading longer than the [read
/// timeout](crate::TokenProvider::set_read_timeout), but a reading that never ends keeps every
/// other from beginning: bound it, with `tokio::time::timeout` or by the client's own means. A
/// token that ends says so itself, with [`Token::with_expiry`].
///
/// # Example
///
/// ```
/// use std::borrow::Cow;
///
/// use comfycontrol_token::{AsyncTokenSource, SourceError, SourceErrorKind};
/// use comfycontrol_token::{Token, TokenFuture, TokenProvider};
///
/// # struct Client;
/// # impl Client {
/// #     async fn secret(&self, _: &str) -> std::io::Result<String> {
/// #         tokio::task::yield_now().await;
/// #         Ok("cfc_fromthevault".into())
/// #     }
/// # }
/// struct Vault {
///     client: Client,
/// }
///
/// impl AsyncTokenSource for Vault {
///     fn read(&self) -> TokenFuture<'_> {
///         Box::pin(async {
///             let secret = self.client.secret("comfycontrol/token").await;
///             let secret = secret.map_err(|_| SourceError::other("vault", "cannot be reached"))?;
///             Token::parse(secret)
///                 .map_err(|e| SourceError::new("vault", SourceErrorKind::InvalidToken(e)))
///         })
///     }
///
///     fn name(&self) -> Cow<'_, str> {
///         "vault".into()
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), SourceError> {
/// let provider = TokenProvider::from_async(Vault { client: Client });
/// provider.preload_async().await?;
/// assert_eq!(provider.snapshot().generation(), 1);
/// # Ok(())
/// # }
/// ```
pub trait AsyncTokenSource: Send + Sync + 'static {
    /// Reads the token that is to be used from now on.
    ///
    /// # Errors
    ///
    /// The future ends with a [`SourceError`] that names what is wrong with the source, never what
    /// it contains.
    fn read(&self) -> TokenFuture<'_>;

    /// What to call the source in logs and errors; the name of its type unless it says otherwise.
    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(std::any::type_name::<Self>())
    }

    /// How long a reading stays good while requests are sent; 60 s unless a source says otherwise.
    ///
    /// Taken as at least 1 s and at most 60 s.
    fn interval(&self) -> Duration {
        LONGEST_INTERVAL
    }
}

impl<S: AsyncTokenSource + ?Sized> AsyncTokenSource for Box<S> {
    fn read(&self) -> TokenFuture<'_> {
        (**self).read()
    }

    fn name(&self) -> Cow<'_, str> {
        (**self).name()
    }

    fn interval(&self) -> Duration {
        (**self).interval()
    }
}
