mod error;
mod fetch;
mod item;
mod page;
mod position;
mod read;
mod reader;
mod seen;
mod value;
mod window;

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use comfycontrol::{Client, Error};
use futures_core::Stream;
use futures_util::stream;
use http::{Method, StatusCode, Uri};
use serde::de::DeserializeOwned;

use self::item::{Item, Keys};
use self::position::Position;
use self::read::decode;
use self::window::Window;

pub use self::error::{ListChanged, MissingList, PageTooLarge};
pub(crate) use self::read::read_list;

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

    /// Sets how many items a page has at most, from 1 to 100; other numbers are taken as the
    /// nearest. The default is 100, since each page costs a request. [`items`](Self::items) asks
    /// for 20 and more.
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
    /// The list may grow, shrink and move meanwhile. Each page after the first overlaps with the
    /// one before by an item or more, for which pages are asked for that are a little smaller
    /// (`page=2&per_page=99`); where that item has gone, pages before it are read again. So nothing
    /// that stays in the list is missed or yielded twice, whatever comes and goes between two
    /// reads; a list that grows by more than a page at each read, for long, may be [given
    /// up](ListChanged). Of what comes meanwhile, some is yielded.
    ///
    /// An item is known by its `id`, and where there is none, by all that it says. At least 262,144
    /// are remembered, in some 20 MB at most. The end is an empty page, a short one where the
    /// `total` says so too, and otherwise one that is shorter than asked for and than another was:
    /// a short list without a `total` costs two requests. A `total` that says anything else ends
    /// nothing; one that is false and yet says what a page in the middle makes look like the end
    /// cannot be told. A bare list is whole. `null` is an empty list. After
    /// [`max_pages`](Self::max_pages) the items end without an error.
    ///
    /// Pages that cannot overlap are not checked: all of a server that does not look at `per_page`,
    /// and of one that gives fewer than 20 items at once some of those that begin where all smaller
    /// sizes of pages begin too (at each 60th item if it gives 5 or 6, at each 2,520th if it gives
    /// 9 or 10). What goes between two of these is told by the `total`, as [`ListChanged`]; where
    /// there is none, or as many come as go, items may be missed.
    ///
    /// Of a page are read at most 1,000 items with 1,000,000 values, of each of them and of each
    /// other member 1 MiB, 100,000 values and 128 levels, and of the body what the client's
    /// [`max_response_body`](comfycontrol::ClientBuilder::max_response_body) allows. Items are held
    /// as JSON, and decoded one by one when they are asked for. A decoded item takes what a `T`
    /// takes: as a `serde_json::Value` some 32 bytes for each of its values, of which an object
    /// counts as 20. It is up to twice that in lists, and four times in large objects. Other tasks
    /// have their turn meanwhile: after 3 MiB at the latest, however large a page is.
    ///
    /// # Errors
    ///
    /// An error is the last item. It comes if a page cannot be read or has no such list
    /// ([`MissingList`]), is [too large](PageTooLarge), if the [list changes](ListChanged) faster
    /// than it is read, and if an item is not a `T`; that error names the item.
    pub fn items<T: DeserializeOwned + Send + 'static>(self) -> Items<T> {
        let state = State {
            position: Position::new(self.per_page.max(LEAST_PER_PAGE)),
            keys: Keys::default(),
            read: 0,
            list: self,
            ready: VecDeque::new(),
        };
        Items(Box::pin(stream::try_unfold(state, State::next)))
    }

    /// Reads one page, from 1 on, and the total of all.
    pub(crate) async fn page<T: DeserializeOwned>(
        &self,
        number: u32,
    ) -> Result<(Vec<T>, Option<u64>), Error> {
        let (page, size) = (number.into(), self.per_page);
        let page = self.fetch(Window { page, size }, &Keys::default()).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for item in page.items {
            items.push(self.decode(&item).await?);
        }
        Ok((items, page.total))
    }

    async fn decode<T: DeserializeOwned>(&self, item: &Item) -> Result<T, Error> {
        let item = decode(Some(&self.key), item).await;
        item.map_err(|wrong| self.named(wrong))
    }

    fn named(&self, error: Error) -> Error {
        let uri: Uri = self.path.parse().unwrap_or_default();
        error.with_call(&Method::GET, uri.path())
    }
}

/// Streams the items of a list, page after page.
///
/// Made by a [`Paginator`].
#[must_use = "streams do nothing unless polled"]
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
    position: Position,
    keys: Keys,
    read: u32,
    ready: VecDeque<Item>,
}

impl State {
    async fn next<T: DeserializeOwned>(mut self) -> Result<Option<(T, Self)>, Error> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                let item = self.list.decode(&item).await?;
                return Ok(Some((item, self)));
            }
            let Some(window) = self.position.window() else {
                return Ok(None);
            };
            if self.read >= self.list.max_pages {
                return Ok(None);
            }
            self.read += 1;
            let page = self.list.fetch(window, &self.keys).await?;
            let changed = |_| {
                self.list
                    .named(Error::unusable(StatusCode::OK, ListChanged))
            };
            self.ready = self.position.take(window, page).map_err(changed)?.into();
        }
    }
}

const MAX_PER_PAGE: u32 = 100;
/// With fewer, some pages cannot overlap.
const LEAST_PER_PAGE: u32 = 20;
