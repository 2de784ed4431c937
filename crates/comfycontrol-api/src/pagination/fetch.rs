//! One page over the network: the only I/O of a list.

use comfycontrol::{BodyTooLarge, Error, InvalidJson};
use futures_util::StreamExt;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::task::consume_budget;

use super::Paginator;
use super::error::MissingList;
use super::item::{Item, Keys};
use super::page::Page;
use super::reader::{NoPage, Reader};
use super::window::Window;

impl Paginator {
    pub(super) async fn fetch(&self, window: Window, keys: &Keys) -> Result<Page, Error> {
        let mut request = self.client.get(&self.path);
        for (name, value) in &self.query {
            request = request.query(name, value);
        }
        let request = request
            .query("page", window.page)
            .query("per_page", window.size);
        let response = request.send().await?;
        let context = response.context().clone();
        let status = context.status();
        let kind = response.headers().get(CONTENT_TYPE).cloned();
        let most = response.max_body();
        let mut reader = Reader::new(&self.key, MOST_ITEMS, keys);
        let mut body = response.into_stream();
        let mut read = 0;
        while let Some(piece) = body.next().await {
            let piece = piece?;
            read += piece.len();
            if read > most {
                return Err(context.error(BodyTooLarge::new(status, most)));
            }
            for step in piece.chunks(STEP) {
                consume_budget().await;
                let read = reader.read(step);
                read.map_err(|no| {
                    context.error(self.unusable(status, kind.as_ref(), &reader, no))
                })?;
            }
        }
        let page = reader.finish();
        page.map_err(|no| context.error(self.unusable(status, kind.as_ref(), &reader, no)))
    }

    fn unusable(
        &self,
        status: StatusCode,
        kind: Option<&HeaderValue>,
        reader: &Reader<'_>,
        no: NoPage,
    ) -> Error {
        let beginning = reader.beginning();
        let missing = |keys| {
            let key = self.key.clone();
            Error::unusable(status, MissingList { key, keys })
        };
        match no {
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
        }
    }

    /// Decodes an item of a page; the error names it.
    pub(super) async fn decode<T: DeserializeOwned>(&self, item: &Item) -> Result<T, Error> {
        for _ in 0..=item.json.len() / STEP {
            consume_budget().await;
        }
        let place = format!("{}[{}]", self.key, item.place);
        InvalidJson::read_part(StatusCode::OK, &place, &item.json)
            .map_err(|wrong| self.named(wrong.into()))
    }
}

/// Ten times what a page may have.
const MOST_ITEMS: usize = 1_000;
/// Bytes that are gone through for one unit of a task's budget. Tokio gives 128 units: after a
/// mebibyte others have their turn.
const STEP: usize = 8 * 1024;
