use comfycontrol::{Error, Response};
use serde::de::DeserializeOwned;

/// Decodes a response that is one object without a graph, of 1 MiB at most.
pub(crate) async fn read_object<T: DeserializeOwned>(response: Response) -> Result<T, Error> {
    let most = response.max_body().min(MOST_BYTES);
    response.with_max_body(most).json().await
}

/// As much as is decoded in one stretch.
const MOST_BYTES: usize = 1024 * 1024;
