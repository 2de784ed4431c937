use std::convert::Infallible;
use std::future::ready;
use std::io::Write;

use bytes::Bytes;
use comfycontrol_encoding::{DecompressionBody, DecompressionLayer};
use comfycontrol_test::at_once;
use flate2::{Compression, GzBuilder};
use futures_util::stream;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, StreamBody};
use tokio::runtime::Builder;
use tower::{BoxError, Layer, ServiceExt, service_fn};

pub(crate) type Part = Result<Frame<Bytes>, Infallible>;

/// One member of a gzip file.
pub(crate) fn member(text: impl AsRef<[u8]>) -> Vec<u8> {
    written(GzBuilder::new(), text)
}

pub(crate) fn written(header: GzBuilder, text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut gzip = header.write(Vec::new(), Compression::default());
    gzip.write_all(text.as_ref()).unwrap();
    gzip.finish().unwrap()
}

pub(crate) fn part(bytes: impl Into<Bytes>) -> Part {
    Ok(Frame::data(bytes.into()))
}

/// A body in gzip as the middleware hands it on.
pub(crate) fn decoded<B: Body<Data = Bytes>>(body: B) -> DecompressionBody<B> {
    let mut body = Some(body);
    let transport = service_fn(move |_: Request<()>| {
        let response = Response::builder().header("content-encoding", "gzip");
        let response = response.body(body.take().unwrap()).unwrap();
        ready(Ok::<_, BoxError>(response))
    });
    let call = DecompressionLayer::new().layer(transport);
    at_once(call.oneshot(Request::new(()))).unwrap().into_body()
}

/// What comes of a body in these frames.
pub(crate) fn read<'a>(frames: impl IntoIterator<Item = &'a [u8]>) -> Result<Bytes, BoxError> {
    let frames: Vec<Part> = frames
        .into_iter()
        .map(|frame| part(frame.to_vec()))
        .collect();
    let body = decoded(StreamBody::new(stream::iter(frames)));
    // Small frames that bring nothing make it pause.
    let runtime = Builder::new_current_thread().build().unwrap();
    Ok(runtime.block_on(body.collect())?.to_bytes())
}
