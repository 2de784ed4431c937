use bytes::Bytes;
use serde::de::IgnoredAny;

use super::error::PageTooLarge;
use super::item::{Item, Keys};
use super::page::Page;
use super::value::Value;

/// Reads a page out of its body, however that is cut, within bounds: no I/O.
///
/// The body is split into the members of its object and the items of the list, each of which is
/// JSON or not; none is decoded. Nothing else of it is kept, and what follows one item too many is
/// not read.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    /// The name of the list; without one the body itself is the list.
    key: Option<&'a str>,
    keys: &'a Keys,
    /// The most items.
    most: usize,
    at: At,
    value: Value,
    /// The member that is being read.
    name: Option<String>,
    page: Page,
    /// Values of all items.
    values: usize,
    has_list: bool,
    names: Vec<String>,
    beginning: Vec<u8>,
}

/// What comes next, blanks apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum At {
    /// The body, perhaps after this much of a byte order mark.
    Begin(usize),
    Start,
    NameOrEnd,
    Name,
    Colon,
    Member,
    AfterMember,
    ItemOrEnd,
    Item,
    AfterItem,
    /// More of a value.
    In(Part),
    End,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    Name,
    Member,
    Item,
    /// Neither an object nor a list.
    Whole,
}

/// Why a body is not a page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum NoPage {
    /// It is not JSON at this place.
    NotJson(String),
    /// It ends at this place, in the middle.
    Incomplete(String),
    TooLarge(PageTooLarge),
    /// At this place, there is this in place of a list.
    NoList(String, Vec<u8>),
    /// No such list exists; these are the names of the members that do.
    Missing(Vec<String>),
}

impl<'a> Reader<'a> {
    pub(super) fn new(key: Option<&'a str>, most: usize, keys: &'a Keys) -> Self {
        Self {
            key,
            keys,
            most,
            at: At::Begin(0),
            value: Value::default(),
            name: None,
            page: Page::default(),
            values: 0,
            has_list: false,
            names: Vec::new(),
            beginning: Vec::new(),
        }
    }

    /// Reads on. The work is in proportion to these bytes, except for the end of a value, which is
    /// gone through once more.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Result<(), NoPage> {
        let more = bytes.len().min(BEGINNING - self.beginning.len());
        self.beginning.extend_from_slice(&bytes[..more]);
        while let Some((&byte, rest)) = bytes.split_first() {
            if let At::In(part) = self.at {
                let Some(end) = self.value.take(bytes).map_err(NoPage::TooLarge)? else {
                    return Ok(());
                };
                bytes = &bytes[end..];
                self.complete(part)?;
            } else {
                self.at = self.next(byte)?;
                if !matches!(self.at, At::In(_)) {
                    bytes = rest;
                }
            }
        }
        Ok(())
    }

    /// The page, if this was all of it.
    pub(super) fn finish(&mut self) -> Result<Page, NoPage> {
        if self.at == At::In(Part::Whole) {
            self.complete(Part::Whole)?;
        }
        if self.at != At::End {
            return Err(NoPage::Incomplete(self.place()));
        }
        if !self.has_list {
            return Err(NoPage::Missing(std::mem::take(&mut self.names)));
        }
        Ok(std::mem::take(&mut self.page))
    }

    /// What the body began with.
    pub(super) fn beginning(&self) -> &[u8] {
        &self.beginning
    }

    fn next(&mut self, byte: u8) -> Result<At, NoPage> {
        let at = match self.at {
            At::Begin(0) if byte != MARK[0] => At::Start,
            at => at,
        };
        Ok(match (at, byte) {
            // It is not part of the text (RFC 8259 §8.1).
            (At::Begin(n), _) if byte == MARK[n] => match n + 1 {
                3 => At::Start,
                n => At::Begin(n),
            },
            (at, b' ' | b'\t' | b'\r' | b'\n') if !matches!(at, At::Begin(_)) => at,
            (At::Start, b'{') => At::NameOrEnd,
            (At::Start, b'[') => {
                // A bare list is all there is.
                self.page.is_all = true;
                self.begin_list()
            }
            (At::Start, _) => At::In(Part::Whole),
            (At::NameOrEnd | At::Name, b'"') => At::In(Part::Name),
            (At::Colon, b':') => At::Member,
            (At::Member, b'[') if self.is_list() => self.begin_list(),
            (At::Member, _) => At::In(Part::Member),
            (At::AfterMember, b',') => At::Name,
            (At::NameOrEnd | At::AfterMember, b'}') => At::End,
            (At::ItemOrEnd | At::AfterItem, b']') if self.page.is_all => At::End,
            (At::ItemOrEnd | At::AfterItem, b']') => At::AfterMember,
            (At::AfterItem, b',') => At::Item,
            (At::ItemOrEnd | At::Item, _) if self.page.items.len() == self.most => {
                let (what, limit) = ("items", self.most);
                return Err(NoPage::TooLarge(PageTooLarge { what, limit }));
            }
            (At::ItemOrEnd | At::Item, _) => At::In(Part::Item),
            _ => return Err(NoPage::NotJson(self.place())),
        })
    }

    fn is_list(&self) -> bool {
        self.name.is_some() && self.name.as_deref() == self.key
    }

    fn begin_list(&mut self) -> At {
        self.has_list = true;
        // Of a name that comes twice the last counts.
        self.page.items.clear();
        self.values = 0;
        At::ItemOrEnd
    }

    fn complete(&mut self, part: Part) -> Result<(), NoPage> {
        let values = self.value.values();
        let json = self.value.finish();
        let is_json = match part {
            Part::Name => {
                self.at = At::Colon;
                self.name = serde_json::from_slice(&json).ok();
                self.name.is_some()
            }
            Part::Member => {
                self.at = At::AfterMember;
                self.member(json)?
            }
            Part::Item => {
                self.at = At::AfterItem;
                self.values += values;
                if self.values > MOST_VALUES {
                    let (what, limit) = ("values", MOST_VALUES);
                    return Err(NoPage::TooLarge(PageTooLarge { what, limit }));
                }
                let place = self.page.items.len();
                // To its size.
                let item = Item::new(place, Bytes::from(json.into_boxed_slice()), self.keys);
                let is_json = item.is_some();
                self.page.items.extend(item);
                is_json
            }
            Part::Whole => {
                self.at = At::End;
                if json == b"null" && self.key.is_none() {
                    self.page.is_all = true;
                    self.begin_list();
                }
                if is_json(&json) && json != b"null" {
                    return Err(NoPage::NoList(self.place(), json));
                }
                json == b"null"
            }
        };
        if is_json {
            Ok(())
        } else {
            Err(NoPage::NotJson(self.place()))
        }
    }

    /// Takes in a member that is not a list.
    fn member(&mut self, json: Vec<u8>) -> Result<bool, NoPage> {
        if !is_json(&json) {
            return Ok(false);
        }
        if self.is_list() {
            if json != b"null" {
                return Err(NoPage::NoList(self.place(), json));
            }
            // `null` is how some write an empty list.
            self.begin_list();
            return Ok(true);
        }
        let name = self.name.take().unwrap_or_default();
        if name == "total" {
            self.page.total = serde_json::from_slice(&json).ok();
        }
        if self.names.len() < MOST_NAMES {
            self.names.push(name);
        }
        Ok(true)
    }

    /// Where it reads.
    fn place(&self) -> String {
        let items = self.page.items.len();
        match (&self.name, self.page.is_all) {
            (_, true) => format!("[{items}]"),
            (Some(name), _) if self.has_list && self.is_list() => format!("{name}[{items}]"),
            (Some(name), _) => name.clone(),
            (None, _) => ".".to_owned(),
        }
    }
}

fn is_json(json: &[u8]) -> bool {
    str::from_utf8(json).is_ok_and(|json| serde_json::from_str::<IgnoredAny>(json).is_ok())
}

/// More than an error shows.
const BEGINNING: usize = 1_000;
const MOST_NAMES: usize = 20;
/// Of all items. Decoded, they are some 32 MB, up to twice that in lists that have just grown, and
/// four times in large objects.
const MOST_VALUES: usize = 1_000_000;
const MARK: [u8; 3] = *b"\xef\xbb\xbf";

#[cfg(test)]
mod tests;
