mod position;
mod seen;

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use comfycontrol::{Client, Error, InvalidJson};
use futures_core::Stream;
use futures_util::stream;
use http::{Method, StatusCode, Uri};
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::position::{Page, Position};

/// A list that comes in pages, asked for with `page` and `per_page`.
///
/// Made by [`Api::paginate`](crate::Api::paginate).
#[derive(Clone, Debug)]
#[must_use]
pub struct Paginator {
    client: Client,
    path: String,
    key: String,
    query: Vec<(String, String)>,
    per_page: u32,
    max_pages: u32,
}

impl Paginator {
    pub(crate) fn of(client: Client, path: String, key: String) -> Self {
        Self {
            client,
            path,
            key,
            query: Vec::new(),
            per_page: MAX_PER_PAGE,
            max_pages: 10_000,
        }
    }

    /// Sets how many items a page has, from 1 to 100; other numbers are taken as the nearest. The
    /// default is 100, since each page costs a request.
    pub fn per_page(mut self, items: u32) -> Self {
        self.per_page = items.clamp(1, MAX_PER_PAGE);
        self
    }

    /// Sets how many pages are read at most. The default is 10,000.
    pub fn max_pages(mut self, pages: u32) -> Self {
        self.max_pages = pages;
        self
    }

    /// Adds one pair to the query of every page.
    pub fn query(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// Streams the items one by one; the next page is asked for when one is used up.
    ///
    /// New items push old ones onto the next page, so an item that was seen is passed over: one with
    /// the same `id`, or where there is no `id`, one that says the same. At least
    /// 262,144 are remembered. The end is the total, an empty page, two pages with nothing new, or a
    /// short page where there is no total. After [`max_pages`](Self::max_pages) the items end without
    /// an error.
    ///
    /// # Errors
    ///
    /// An error is the last item. It comes if a page cannot be read or has no such list, and if an item
    /// is not a `T`; that error names the item.
    #[must_use]
    pub fn items<T: DeserializeOwned + Send + 'static>(self) -> Items<T> {
        let state = State {
            list: self,
            page: Position::default(),
            ready: VecDeque::new(),
        };
        Items(Box::pin(stream::try_unfold(state, State::next)))
    }

    async fn fetch(&self, page: u32) -> Result<Page, Error> {
        let mut request = self.client.get(&self.path);
        for (name, value) in &self.query {
            request = request.query(name, value);
        }
        let request = request.query("page", page).query("per_page", self.per_page);
        let page: Value = request.send().await?.json().await?;
        match page {
            // A bare list is all there is.
            Value::Array(items) => Ok(Page {
                items,
                total: Some(0),
            }),
            Value::Object(mut envelope) => {
                let total = envelope.get("total").and_then(Value::as_u64);
                let items = envelope.remove(&self.key).unwrap_or_default();
                let items = self.decode(&items, &self.key)?;
                Ok(Page { items, total })
            }
            other => Ok(Page {
                items: self.decode(&other, &self.key)?,
                total: None,
            }),
        }
    }

    /// Decodes a part of a page; `place` is where it stood.
    fn decode<T: DeserializeOwned>(&self, part: &Value, place: &str) -> Result<T, Error> {
        InvalidJson::read_value(StatusCode::OK, place, part).map_err(|wrong| {
            let uri: Uri = self.path.parse().unwrap_or_default();
            Error::from(wrong).with_call(&Method::GET, uri.path())
        })
    }
}

/// The items of a [`Paginator`]'s list.
pub struct Items<T>(Pin<Box<dyn Stream<Item = Result<T, Error>> + Send>>);

impl<T> Stream for Items<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").finish_non_exhaustive()
    }
}

struct State {
    list: Paginator,
    page: Position,
    ready: VecDeque<(usize, Value)>,
}

impl State {
    async fn next<T: DeserializeOwned>(mut self) -> Result<Option<(T, Self)>, Error> {
        loop {
            if let Some((index, item)) = self.ready.pop_front() {
                let place = format!("{}[{index}]", self.list.key);
                return Ok(Some((self.list.decode(&item, &place)?, self)));
            }
            if self.page.is_last(self.list.max_pages) {
                return Ok(None);
            }
            let page = self.list.fetch(self.page.read + 1).await?;
            self.ready = self.page.advance(page, self.list.per_page);
        }
    }
}

const MAX_PER_PAGE: u32 = 100;
