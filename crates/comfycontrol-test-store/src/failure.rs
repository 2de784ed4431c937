use std::error::Error;
use std::fmt::Debug;

use comfycontrol_rate_limit::Unavailable;

/// What a store's own error of type `E` says of why an operation has failed.
pub fn failure<T: Debug, E: Error + 'static, K>(
    result: Result<T, Unavailable>,
    read: impl FnOnce(&E) -> K,
) -> K {
    let error = result.expect_err("it has failed");
    let source = error.source().expect("a source");
    read(source.downcast_ref().expect("the store's own error"))
}
