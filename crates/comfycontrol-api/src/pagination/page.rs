use std::fmt;

use bytes::Bytes;
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// One page of a list. Its items are pieces of the body that it came in.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) items: Vec<Item>,
    pub(super) total: Option<u64>,
    /// It is the whole list.
    pub(super) is_all: bool,
}

/// The JSON of an item.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Item {
    pub(super) place: usize,
    pub(super) json: Bytes,
}

/// Why a body is no page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum NoPage {
    NotJson,
    TooManyItems,
    /// There is no such list; these are the names of what there is.
    Missing(Vec<String>),
}

impl Page {
    /// Finds the items of a page in its body, at most `most`: none is decoded, and what follows one too
    /// many is not read.
    pub(super) fn read(body: &Bytes, key: &str, most: usize) -> Result<Self, NoPage> {
        let mut found = Found::default();
        let mut de = serde_json::Deserializer::from_slice(body);
        let envelope = Envelope {
            found: &mut found,
            key,
            most,
        };
        let read = envelope.deserialize(&mut de).and_then(|()| de.end());
        if found.is_too_long {
            return Err(NoPage::TooManyItems);
        }
        if read.is_err() && !found.is_no_object {
            return Err(NoPage::NotJson);
        }
        let Some(items) = found.items else {
            return Err(NoPage::Missing(found.keys));
        };
        let item = |(place, json): (usize, &RawValue)| Item {
            place,
            json: body.slice_ref(json.get().as_bytes()),
        };
        Ok(Self {
            items: items.into_iter().enumerate().map(item).collect(),
            total: found.total,
            is_all: found.is_all,
        })
    }
}

#[derive(Default)]
struct Found<'a> {
    items: Option<Vec<&'a RawValue>>,
    total: Option<u64>,
    keys: Vec<String>,
    is_all: bool,
    is_too_long: bool,
    is_no_object: bool,
}

struct Envelope<'f, 'a> {
    found: &'f mut Found<'a>,
    key: &'f str,
    most: usize,
}

impl<'a> DeserializeSeed<'a> for Envelope<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, de: D) -> Result<(), D::Error> {
        de.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Envelope<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page of a list")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == self.key {
                let (found, most) = (&mut *self.found, self.most);
                map.next_value_seed(Items { found, most })?;
                continue;
            }
            if name == "total" {
                let total: &RawValue = map.next_value()?;
                self.found.total = total.get().parse().ok();
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            if self.found.keys.len() < MOST_KEYS {
                self.found.keys.push(name);
            }
        }
        Ok(())
    }

    /// A bare list is all there is.
    fn visit_seq<A: SeqAccess<'a>>(self, seq: A) -> Result<(), A::Error> {
        self.found.is_all = true;
        let (found, most) = (self.found, self.most);
        Items { found, most }.visit_seq(seq)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.found.is_no_object = true;
        Ok(())
    }
}

struct Items<'f, 'a> {
    found: &'f mut Found<'a>,
    most: usize,
}

impl<'a> DeserializeSeed<'a> for Items<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, de: D) -> Result<(), D::Error> {
        de.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Items<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<(), A::Error> {
        let items = self.found.items.insert(Vec::new());
        while let Some(item) = seq.next_element()? {
            if items.len() == self.most {
                self.found.is_too_long = true;
                return Err(A::Error::custom("too many items"));
            }
            items.push(item);
        }
        Ok(())
    }

    /// `null` is how some write an empty list.
    fn visit_unit<E>(self) -> Result<(), E> {
        self.found.items = Some(Vec::new());
        Ok(())
    }
}

const MOST_KEYS: usize = 20;
