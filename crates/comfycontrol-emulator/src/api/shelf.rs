//! Things of one kind, newest first, found by their identifier.

use std::collections::{BTreeMap, HashMap};

use super::error::ApiError;
use super::id;

/// A thing that is kept.
pub(super) trait Kept {
    fn id(&self) -> &str;

    /// Bytes of text that it keeps, roughly.
    fn bytes(&self) -> usize;
}

#[derive(Debug)]
pub(super) struct Shelf<T> {
    /// By age: the last is the newest.
    things: BTreeMap<u64, T>,
    ages: HashMap<String, u64>,
    serial: u64,
    bytes: usize,
}

impl<T: Kept> Shelf<T> {
    pub(super) fn new() -> Self {
        Self {
            things: BTreeMap::new(),
            ages: HashMap::new(),
            serial: 0,
            bytes: 0,
        }
    }

    /// Everything, newest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.things.values().rev()
    }

    pub(super) fn newest(&self) -> Option<&T> {
        self.things.values().next_back()
    }

    /// Bytes that everything takes, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn add(&mut self, thing: T) {
        self.bytes += thing.bytes() + EACH;
        self.ages.insert(thing.id().to_owned(), self.serial);
        self.things.insert(self.serial, thing);
        self.serial += 1;
    }

    /// Puts a thing in the place of that with its identifier, if there is one.
    pub(super) fn replace(&mut self, thing: T) {
        let age = self.ages.get(thing.id());
        if let Some(kept) = age.and_then(|age| self.things.get_mut(age)) {
            self.bytes += thing.bytes();
            self.bytes -= kept.bytes();
            *kept = thing;
        }
    }

    pub(super) fn remove(&mut self, id: &str) {
        if let Some(age) = self.ages.remove(id)
            && let Some(thing) = self.things.remove(&age)
        {
            self.bytes -= thing.bytes() + EACH;
        }
    }

    /// Takes away what leaves, and adds a copy of the newest for each identifier that comes.
    pub(super) fn turn_over(
        &mut self,
        leaving: &[String],
        coming: Vec<String>,
        copy: impl Fn(String, T) -> T,
    ) where
        T: Clone,
    {
        for id in leaving {
            self.remove(id);
        }
        for id in coming {
            if let Some(like) = self.newest().cloned() {
                self.add(copy(id, like));
            }
        }
    }

    /// The thing with this identifier.
    pub(super) fn find(&self, id: &str) -> Result<&T, ApiError> {
        id::check(id)?;
        let age = self.ages.get(id).ok_or_else(ApiError::not_found)?;
        self.things.get(age).ok_or_else(ApiError::not_found)
    }

    pub(super) fn find_mut(&mut self, id: &str) -> Result<&mut T, ApiError> {
        id::check(id)?;
        let age = self.ages.get(id).ok_or_else(ApiError::not_found)?;
        self.things.get_mut(age).ok_or_else(ApiError::not_found)
    }
}

/// What each thing takes in addition to its text.
pub(super) const EACH: usize = 1_024;
