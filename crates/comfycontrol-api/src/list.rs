use std::fmt;
use std::marker::PhantomData;

use comfycontrol::{Client, Error};
use serde::de::DeserializeOwned;

use crate::field::InvalidField;
use crate::{Items, Paginator};

/// A list of resources, newest first: read [item by item](Self::items), or a [page](Self::page) at
/// a time.
///
/// Made by the `list` methods of the resources.
///
/// ```no_run
/// # async fn run(api: comfycontrol_api::Api) -> Result<(), comfycontrol::Error> {
/// use comfycontrol_api::RunnerStatus;
/// use futures_util::TryStreamExt;
///
/// let mut runners = api.runners().list().status(RunnerStatus::Active).items();
/// while let Some(runner) = runners.try_next().await? {
///     println!("{} {}", runner.id, runner.name);
/// }
///
/// let first = api.templates().list().per_page(10).page(1).await?;
/// println!("{} of {:?} templates", first.items.len(), first.total);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct List<T> {
    paginator: Paginator,
    item: PhantomData<fn() -> T>,
}

/// One page of a [`List`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// How many items all pages have, if the API says so.
    pub total: Option<u64>,
}

impl<T> List<T> {
    pub(crate) fn new(client: Client, path: &str, key: &str) -> Self {
        Self {
            paginator: Paginator::of(client, path.to_owned(), key.to_owned()),
            item: PhantomData,
        }
    }

    /// Asks only for items that have this value in a field.
    pub(crate) fn filter(mut self, name: &str, value: &str) -> Self {
        self.paginator = self.paginator.query(name, value);
        self
    }

    /// Sets how many items a page has, as [`Paginator::per_page`]. The default is 100, since each
    /// page costs a request; [`items`](Self::items) asks for 20 and more.
    pub fn per_page(mut self, items: u32) -> Self {
        self.paginator = self.paginator.per_page(items);
        self
    }

    /// Sets how many pages [`items`](Self::items) reads at most. The default is 10,000.
    pub fn max_pages(mut self, pages: u32) -> Self {
        self.paginator = self.paginator.max_pages(pages);
        self
    }
}

impl<T: DeserializeOwned + Send + 'static> List<T> {
    /// Streams all items, each once, as [`Paginator::items`].
    ///
    /// # Errors
    ///
    /// An error is the last item. It comes if a page cannot be read.
    pub fn items(self) -> Items<T> {
        self.paginator.items()
    }

    /// Reads one page; the first is 1. Costs one request.
    ///
    /// The bounds of a page are those of [`Paginator::items`]. All its items are decoded at once:
    /// 1,000,000 values are some 32 MB, or up to twice that in lists, and four times in objects.
    ///
    /// # Errors
    ///
    /// Fails with an [`InvalidField`](crate::InvalidField) before anything is sent if the number is
    /// 0, and if the page cannot be read.
    pub async fn page(&self, number: u32) -> Result<Page<T>, Error> {
        if number == 0 {
            return Err(InvalidField::new("page", "is 0: the first page is 1").into());
        }
        let (items, total) = self.paginator.page(number).await?;
        Ok(Page { items, total })
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self {
            paginator: self.paginator.clone(),
            item: PhantomData,
        }
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("paginator", &self.paginator)
            .finish()
    }
}
