/// Request extension: send this request without the token, whatever its URI.
///
/// The layer then leaves the request untouched.
///
/// ```
/// use comfycontrol_token::WithoutToken;
///
/// let request = http::Request::get("https://api.comfycontrol.app/status")
///     .extension(WithoutToken)
///     .body(())?;
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct WithoutToken;

/// Response extension on a 401: another token is in use by now, so sending once more is worth
/// while.
///
/// The layer itself never sends twice. A retry policy outside does, if the body can be sent again:
///
/// ```
/// use comfycontrol_token::TokenReplaced;
///
/// fn is_worth_resending<B>(response: &http::Response<B>) -> bool {
///     response.extensions().get::<TokenReplaced>().is_some()
/// }
/// # assert!(!is_worth_resending(&http::Response::new(())));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TokenReplaced;
