use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use http::HeaderValue;

use crate::Body;

/// A form with files, written as browsers write them (RFC 7578; HTML Standard,
/// "multipart/form-data").
///
/// Names may hold any text, as those of workflow parameters do. Parts made of bytes and of files
/// can be sent again; nothing is copied, and the length is known if that of each part is.
///
/// ```
/// use comfycontrol_body::{Multipart, Part};
///
/// let form = Multipart::new()
///     .text("name", "Sunset")
///     .text("$prompt", "a beautiful sunset")
///     .part(
///         "workflow_json",
///         Part::bytes("{}").file_name("graph.json").content_type("application/json"),
///     );
/// let body = form.into_body();
/// assert!(body.content_length().is_some());
/// assert!(body.try_clone().is_some());
/// ```
#[derive(Debug)]
#[must_use]
pub struct Multipart {
    boundary: String,
    parts: Vec<(String, Part)>,
}

/// The value of one field of a [`Multipart`] form.
#[derive(Debug)]
#[must_use]
pub struct Part {
    body: Body,
    file_name: Option<String>,
    content_type: Option<String>,
}

impl Multipart {
    /// Creates a form without fields, with a random boundary.
    pub fn new() -> Self {
        // 128 bits that no one can know in advance: no part can contain the boundary on purpose.
        let half = || RandomState::new().hash_one(0);
        Self {
            boundary: format!("{:016x}{:016x}", half(), half()),
            parts: Vec::new(),
        }
    }

    /// Adds a field of text.
    pub fn text(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.part(name, Part::new(Body::from(value.into())))
    }

    /// Adds a field.
    pub fn part(mut self, name: impl Into<String>, part: Part) -> Self {
        self.parts.push((name.into(), part));
        self
    }

    /// The value of `Content-Type` that goes with the body.
    #[must_use]
    pub fn content_type(&self) -> HeaderValue {
        content_type(&self.boundary)
    }

    /// Turns the form into a body, which can be sent again if every part can.
    #[must_use]
    pub fn into_body(self) -> Body {
        let mut bodies = Vec::with_capacity(2 * self.parts.len() + 1);
        let mut gap = format!("--{}", self.boundary);
        for (name, part) in self.parts {
            gap.push_str("\r\n");
            part.write_head(&name, &mut gap);
            bodies.push(Body::from(std::mem::take(&mut gap)));
            bodies.push(part.body);
            _ = write!(gap, "\r\n--{}", self.boundary);
        }
        gap.push_str("--\r\n");
        bodies.push(gap.into());
        Body::concat(bodies)
    }
}

impl Default for Multipart {
    fn default() -> Self {
        Self::new()
    }
}

impl Part {
    /// Creates a part with any body.
    pub fn new(body: impl Into<Body>) -> Self {
        Self {
            body: body.into(),
            file_name: None,
            content_type: None,
        }
    }

    /// Creates a part from bytes.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::new(bytes.into())
    }

    /// Creates a part from a file, under the file's own name.
    ///
    /// # Errors
    ///
    /// Fails if the file's metadata cannot be read, or if it is not a regular file.
    #[cfg(feature = "fs")]
    pub async fn file(path: impl Into<std::path::PathBuf>) -> std::io::Result<Self> {
        let path = path.into();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let part = Self::new(Body::from_file(path).await?);
        Ok(Self {
            file_name: name,
            ..part
        })
    }

    /// Sets the name of the file. With one, the part is a file to the server, even if it is text.
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// Sets the content type. The default is `application/octet-stream` for files, none for text.
    ///
    /// It is sent as it is, except for control characters, which become spaces.
    pub fn content_type(mut self, value: impl Into<String>) -> Self {
        self.content_type = Some(value.into());
        self
    }

    /// Calls `tell` with the number of bytes of each piece as it is handed to the transport, and
    /// not again for a piece that is sent again.
    pub fn on_progress(mut self, tell: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.body = self.body.on_progress(tell);
        self
    }

    fn write_head(&self, name: &str, out: &mut String) {
        _ = write!(
            out,
            "Content-Disposition: form-data; name=\"{}\"",
            Quoted(name)
        );
        if let Some(file) = &self.file_name {
            _ = write!(out, "; filename=\"{}\"", Quoted(file));
        }
        let default = self.file_name.as_ref().map(|_| "application/octet-stream");
        if let Some(kind) = self.content_type.as_deref().or(default) {
            // Its parameters may be quoted, so only what would end the line is kept out.
            let kind = kind.replace(char::is_control, " ");
            _ = write!(out, "\r\nContent-Type: {kind}");
        }
        out.push_str("\r\n\r\n");
    }
}

fn content_type(boundary: &str) -> HeaderValue {
    let value = format!("multipart/form-data; boundary={boundary}");
    HeaderValue::try_from(value).expect("the boundary is hexadecimal")
}

/// A value that cannot end its quotes or its line; other characters are sent as they are, in UTF-8.
struct Quoted<'a>(&'a str);

impl std::fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("%22")?,
                '\r' => f.write_str("%0D")?,
                '\n' => f.write_str("%0A")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    async fn text(body: Body) -> String {
        String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_form_reads_as_browsers_write_it() {
        let form = Multipart {
            boundary: "b".into(),
            parts: Vec::new(),
        }
        .text("$prompt", "two\r\nlines")
        .part(
            "a\"\r\nb",
            Part::bytes("x")
                .file_name("ü\"\n.png")
                .content_type("text/plain; charset=\"utf-8\"\r\nX: y"),
        );
        assert_eq!(form.content_type(), "multipart/form-data; boundary=b");
        let body = form.into_body();
        let announced = body.content_length().unwrap();
        let sent = text(body).await;
        assert_eq!(
            sent,
            "--b\r\nContent-Disposition: form-data; name=\"$prompt\"\r\n\r\ntwo\r\nlines\r\n\
             --b\r\nContent-Disposition: form-data; name=\"a%22%0D%0Ab\"; filename=\"ü%22%0A.png\"\r\n\
             Content-Type: text/plain; charset=\"utf-8\"  X: y\r\n\r\nx\r\n--b--\r\n"
        );
        assert_eq!(announced, sent.len() as u64);
    }

    #[tokio::test]
    async fn an_empty_form_still_ends() {
        let form = Multipart {
            boundary: "b".into(),
            parts: Vec::new(),
        };
        assert_eq!(text(form.into_body()).await, "--b--\r\n");
    }

    #[test]
    fn boundaries_differ() {
        assert_ne!(
            Multipart::new().content_type(),
            Multipart::new().content_type()
        );
    }
}
