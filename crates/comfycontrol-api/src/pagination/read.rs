//! A list out of the body of a response, within bounds.

use comfycontrol::{BodyTooLarge, Error, InvalidJson, Response, ResponseContext};
use futures_util::StreamExt;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::task::consume_budget;

use super::error::MissingList;
use super::item::{Item, Keys};
use super::page::Page;
use super::reader::{NoPage, Reader};

/// Reads a page as it comes; nothing of it is decoded.
pub(super) async fn read(response: Response, key: &str, keys: &Keys) -> Result<Page, Error> {
    let most = response.max_body();
    let mut reading = Reading::of(&response, Some(key), MOST_ITEMS, keys);
    let mut body = response.into_stream();
    let mut read = 0;
    while let Some(piece) = body.next().await {
        let piece = piece?;
        read += piece.len();
        if read > most {
            let too_large = BodyTooLarge::new(reading.context.status(), most);
            return Err(reading.context.error(too_large));
        }
        reading.take(&piece).await?;
    }
    reading.finish()
}

/// Reads a list that is asked for once, and the total that comes with it. Without a key the
/// response itself is the list.
///
/// Its body is read first: one that breaks off is asked for again, as long as nothing of it was
/// handed out.
pub(crate) async fn read_list<T: DeserializeOwned>(
    response: Response,
    key: Option<&str>,
) -> Result<(Vec<T>, Option<u64>), Error> {
    let (items, bytes) = match key {
        Some(_) => (MOST_ITEMS, MOST_BYTES),
        // It has no other page.
        None => (MOST_ITEMS_OF_ALL, usize::MAX),
    };
    let most = response.max_body().min(bytes);
    let keys = Keys::default();
    let mut reading = Reading::of(&response, key, items, &keys);
    let body = response.with_max_body(most).bytes().await?;
    reading.take(&body).await?;
    drop(body);
    let page = reading.finish()?;
    let mut items = Vec::with_capacity(page.items.len());
    for item in page.items {
        let item = decode(key, &item).await;
        items.push(item.map_err(|wrong| reading.context.error(wrong))?);
    }
    Ok((items, page.total))
}

/// Decodes an item of the list of this name; the error has its place.
pub(super) async fn decode<T: DeserializeOwned>(
    key: Option<&str>,
    item: &Item,
) -> Result<T, Error> {
    for _ in 0..=item.json.len() / STEP {
        consume_budget().await;
    }
    let place = format!("{}[{}]", key.unwrap_or_default(), item.place);
    InvalidJson::read_part(StatusCode::OK, &place, &item.json).map_err(Error::from)
}

/// A body that is being read.
struct Reading<'a> {
    key: Option<&'a str>,
    context: ResponseContext,
    kind: Option<HeaderValue>,
    reader: Reader<'a>,
}

impl<'a> Reading<'a> {
    fn of(response: &Response, key: Option<&'a str>, items: usize, keys: &'a Keys) -> Self {
        Self {
            key,
            context: response.context().clone(),
            kind: response.headers().get(CONTENT_TYPE).cloned(),
            reader: Reader::new(key, items, keys),
        }
    }

    async fn take(&mut self, piece: &[u8]) -> Result<(), Error> {
        for step in piece.chunks(STEP) {
            consume_budget().await;
            let read = self.reader.read(step);
            read.map_err(|no| self.unusable(no))?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Page, Error> {
        let page = self.reader.finish();
        page.map_err(|no| self.unusable(no))
    }

    fn unusable(&self, no: NoPage) -> Error {
        let (status, kind) = (self.context.status(), self.kind.as_ref());
        let beginning = self.reader.beginning();
        let missing = |keys| {
            let key = self.key.map(str::to_owned);
            Error::unusable(status, MissingList { key, keys })
        };
        self.context.error(match no {
            NoPage::NotJson(place) => InvalidJson::not_json(status, kind, &place, beginning).into(),
            NoPage::Incomplete(place) => {
                InvalidJson::incomplete(status, kind, &place, beginning).into()
            }
            NoPage::TooLarge(bound) => Error::unusable(status, bound),
            NoPage::NoList(place, json) => {
                InvalidJson::read_part::<Vec<IgnoredAny>>(status, &place, &json)
                    .map_or_else(Error::from, |_| missing(Vec::new()))
            }
            NoPage::Missing(keys) => missing(keys),
        })
    }
}

/// Ten times what a page may have.
const MOST_ITEMS: usize = 1_000;
/// Of a list that has no pages.
const MOST_ITEMS_OF_ALL: usize = 100_000;
/// Of a page that is read as a whole: 80 KB for each item of a page of 100.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Bytes that are gone through for one unit of a task's budget. Tokio gives 128 units: after a
/// mebibyte others have their turn.
const STEP: usize = 8 * 1024;
