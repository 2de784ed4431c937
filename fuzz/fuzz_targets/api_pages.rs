//! Whatever comes and goes in a list while it is read page by page, and whatever the server makes
//! of `per_page` and `total`: no item is yielded twice, none that stayed is missed without an
//! error, a list that does not change is read whole, and so is one that changes by less than half a
//! page between two reads. Each reading ends.
//!
//! An input is a line that says what the server is like, and then a line for each time between two
//! reads. The first has the length of the list, the `per_page` that is asked for, and any of
//! `cap=20` (the server gives no more at once), `fixed=20` (it gives so many, whatever it is asked
//! for), `total=none`, `total=+3` and `total=-3` (as many too many or too few), `total=7`, and
//! `null` (for an empty list). Others have changes: `+5` puts an item into the sixth place, `-5`
//! takes the sixth away, `+5*3` and `-5*3` do so three times.

#![cfg_attr(fuzzing, no_main)]

use std::collections::{HashMap, HashSet};
use std::future::ready;
use std::sync::{Arc, Mutex};

use comfycontrol::retry::RetryPolicy;
use comfycontrol::{Body, Client, Error, RateLimitMode};
use comfycontrol_api::{Api, ListChanged};
use comfycontrol_fuzz::{block_on, fuzz_target};
use futures_util::StreamExt;
use http::{Request, Response, Uri};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let Some(server) = Server::parse(lines.next().unwrap_or_default()) else {
        return;
    };
    let changes: Vec<_> = lines.map(changes).collect();
    let largest = changes.iter().map(|gap| gap.iter().map(|c| c.times).sum());
    let largest = largest.max().unwrap_or(0_usize);
    let (page, honest) = (server.page(), !server.is_fixed && server.page() >= 10);
    let per_page = server.per_page;
    let world = Arc::new(Mutex::new(World::new(server, changes)));
    let (read, failed) = block_on(read(Arc::clone(&world), per_page));

    let once: HashSet<_> = read.iter().copied().collect();
    assert_eq!(once.len(), read.len(), "an item came twice");
    let world = world.lock().expect("the reader has ended");
    if let Some(error) = failed {
        assert!(error.as_cause::<ListChanged>().is_some(), "{error}");
        assert!(world.has_changed, "it gave up a list that stands still");
        let is_slow = largest <= page && honest && !world.looks_capped;
        assert!(!is_slow, "it gave up a list that changes slowly");
        return;
    }
    // What cannot be told: a total that is false and yet that of the end; and a change between two
    // pages that cannot overlap.
    if world.is_deceived || world.has_changed && world.has_gaps() {
        return;
    }
    let missed = world.stayed.iter().find(|id| !once.contains(id));
    assert!(missed.is_none(), "{missed:?} was missed");
    if !world.has_changed {
        assert_eq!(read, world.list, "it is in another order");
    }
});

/// What is yielded, and the error at the end.
async fn read(world: Arc<Mutex<World>>, per_page: u32) -> (Vec<u32>, Option<Error>) {
    let transport = tower::service_fn(move |request: Request<Body>| {
        let page = world.lock().expect("nobody panics").respond(request.uri());
        ready(Ok::<_, Error>(Response::new(Body::from(page))))
    });
    let client = Client::builder()
        .without_token()
        .rate_limit(RateLimitMode::Off)
        .retry(RetryPolicy::none())
        .transport(transport);
    let api = Api::new(client.build().expect("the settings are sound"));
    let list = api.paginate("/v1/runner", "runners").per_page(per_page);
    let mut items = list.items::<HashMap<String, u32>>();
    let mut read = Vec::new();
    while let Some(item) = items.next().await {
        match item {
            Ok(item) => read.push(item["id"]),
            Err(e) => {
                assert!(items.next().await.is_none(), "goes on after an error");
                return (read, Some(e));
            }
        }
    }
    (read, None)
}

/// What a server makes of `per_page` and `total`.
struct Server {
    length: u32,
    per_page: u32,
    most: u32,
    is_fixed: bool,
    total: Total,
    writes_null: bool,
}

#[derive(Clone, Copy)]
enum Total {
    None,
    /// So many more than there are.
    Off(i64),
    Always(u64),
}

impl Server {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let mut number = || words.next()?.parse::<u32>().ok();
        let mut server = Self {
            length: number()?.min(400),
            per_page: number()?.clamp(1, 100),
            most: 100,
            is_fixed: false,
            total: Total::Off(0),
            writes_null: false,
        };
        for word in words {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            match name {
                "cap" | "fixed" => {
                    server.most = value.parse::<u32>().ok()?.clamp(1, 100);
                    server.is_fixed = name == "fixed";
                }
                "total" if value == "none" => server.total = Total::None,
                "total" if value.starts_with(['+', '-']) => {
                    server.total = Total::Off(value.parse::<i16>().ok()?.into());
                }
                "total" => server.total = Total::Always(value.parse().ok()?),
                "null" => server.writes_null = true,
                _ => return None,
            }
        }
        Some(server)
    }

    /// How many items it gives at once.
    fn page(&self) -> usize {
        // All of a list is read by pages of 20 and more.
        self.most.min(self.per_page.max(20)) as usize
    }
}

/// Items that come or go at one place.
struct Change {
    comes: bool,
    place: usize,
    times: usize,
}

/// What happens between two reads.
fn changes(line: &str) -> Vec<Change> {
    let change = |word: &str| {
        let (sign, rest) = word.split_at_checked(1)?;
        let (place, times) = rest.split_once('*').unwrap_or((rest, "1"));
        Some(Change {
            comes: match sign {
                "+" => true,
                "-" => false,
                _ => return None,
            },
            place: place.parse().ok()?,
            times: times.parse::<usize>().ok()?.min(200),
        })
    };
    line.split_whitespace()
        .take(20)
        .filter_map(change)
        .collect()
}

struct World {
    server: Server,
    list: Vec<u32>,
    /// Those of the beginning that have never gone.
    stayed: Vec<u32>,
    ids: std::ops::RangeFrom<u32>,
    changes: std::vec::IntoIter<Vec<Change>>,
    reads: u32,
    longest: usize,
    has_changed: bool,
    is_deceived: bool,
    /// Some page was so short that it cannot be told from one of a server that gives so few at
    /// once.
    looks_capped: bool,
}

impl World {
    fn new(server: Server, changes: Vec<Vec<Change>>) -> Self {
        let list: Vec<u32> = (0..server.length).collect();
        Self {
            stayed: list.clone(),
            ids: server.length..,
            list,
            server,
            changes: changes.into_iter(),
            reads: 0,
            longest: 0,
            has_changed: false,
            is_deceived: false,
            looks_capped: false,
        }
    }

    /// Whether some pages cannot overlap: those that begin where pages of all sizes do.
    fn has_gaps(&self) -> bool {
        let common = (1..=self.server.most).fold(1_u64, |common, size| {
            let size = u64::from(size);
            let (mut a, mut b) = (common, size);
            while b > 0 {
                (a, b) = (b, a % b);
            }
            (common / a * size).min(1 << 32)
        });
        self.server.is_fixed || common <= self.longest as u64
    }

    /// The page as JSON. Then the list changes.
    fn respond(&mut self, uri: &Uri) -> String {
        self.reads += 1;
        self.longest = self.longest.max(self.list.len());
        assert!(self.reads < 5_000, "it does not end");
        let number = |name: &str| {
            let pairs = uri.query().unwrap_or_default().split('&');
            let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs
                .find(|(key, _)| *key == name)
                .expect("it is asked for");
            value.parse::<u64>().expect("a number")
        };
        let asked = number("per_page");
        assert!((1..=100).contains(&asked), "the API takes no others");
        let size = match self.server.is_fixed {
            true => u64::from(self.server.most),
            false => asked,
        };
        let start = (number("page") - 1) * size;
        let items = self.list.iter().skip(start.try_into().expect("64 bits"));
        let items: Vec<_> = items
            .take(size.min(self.server.most.into()) as usize)
            .collect();
        let (given, length) = (items.len() as u64, self.list.len() as u64);
        let total = match self.server.total {
            Total::None => None,
            Total::Off(by) => Some(length.saturating_add_signed(by)),
            Total::Always(total) => Some(total),
        };
        self.is_deceived |= given < asked && total == Some(start + given) && total != Some(length);
        self.looks_capped |= 0 < given && given < 10 && given < asked && total != Some(length);
        let items = items.iter().map(|id| format!("{{\"id\":{id}}}"));
        let items = match items.collect::<Vec<_>>().join(",") {
            none if none.is_empty() && self.server.writes_null => "null".to_owned(),
            items => format!("[{items}]"),
        };
        let total = total.map_or(String::new(), |total| format!(",\"total\":{total}"));
        self.change();
        format!("{{\"runners\":{items}{total}}}")
    }

    fn change(&mut self) {
        for change in self.changes.next().unwrap_or_default() {
            for _ in 0..change.times {
                if change.comes {
                    let place = change.place % (self.list.len() + 1);
                    self.list
                        .insert(place, self.ids.next().expect("there are more numbers"));
                } else if !self.list.is_empty() {
                    let gone = self.list.remove(change.place % self.list.len());
                    self.stayed.retain(|id| *id != gone);
                } else {
                    continue;
                }
                self.has_changed = true;
            }
        }
    }
}
