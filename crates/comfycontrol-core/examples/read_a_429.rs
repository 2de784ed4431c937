//! Reads what a throttled response says: how long to wait, and a message that is safe to print.

use comfycontrol_core::{Escaped, retry_after};
use http::{Response, StatusCode};

fn main() -> Result<(), http::Error> {
    let response = Response::builder()
        .status(StatusCode::TOO_MANY_REQUESTS)
        .header("date", "Fri, 31 Dec 1999 23:59:49 GMT")
        .header("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT")
        .body("slow down, cfc_abc123\n\u{1b}[31m")?;

    let wait = retry_after(response.headers()).unwrap_or_default();
    println!(
        "{}: {}",
        response.status(),
        Escaped::new(response.body(), 100)
    );
    println!("again in {wait:?}");
    Ok(())
}
