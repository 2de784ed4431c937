//! Makes a form with a file, and reads it twice, as a client does that sends it again.

use std::error::Error;

use comfycontrol_body::{Multipart, Part};
use http_body_util::BodyExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), r#"{"3":{"class_type":"KSampler"}}"#)?;

    let form = Multipart::new()
        .text("$prompt", "a beautiful sunset")
        .part("workflow_json", Part::file(file.path()).await?);
    let first = form.into_body();
    let second = first.try_clone().ok_or("a part can be had only once")?;

    let first = first.collect().await?.to_bytes();
    let second = second.collect().await?.to_bytes();
    println!("{}", String::from_utf8_lossy(&first));
    println!("the second one is the same: {}", first == second);
    Ok(())
}
