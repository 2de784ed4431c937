use comfycontrol_rate_limit::{Record, Replaced, Store, Version};
use std::collections::HashSet;
use tokio::task::JoinSet;

use crate::calls::KEEP;

/// Lets `processes` add to one number at the same time, `each` of them so often: none is lost, and
/// none is counted twice.
pub async fn one_swap_wins<S: Store>(processes: u64, each: u64, open: impl Fn() -> S) {
    let mut running = JoinSet::new();
    for process in 0..processes {
        let store = open();
        running.spawn(async move { add(&store, process, each).await });
    }
    let won: Vec<u64> = running.join_all().await.into_iter().flatten().collect();
    let distinct: HashSet<u64> = won.iter().copied().collect();
    assert_eq!(distinct.len(), won.len(), "two swaps of one version won");
    let record = open().read().await.expect("it can be read").record;
    let (counted, wanted) = (number(record.as_ref()), processes * each);
    assert_eq!(counted, wanted, "swaps that won are lost");
    assert_eq!(distinct, (1..=wanted).collect());
}

/// Adds one at a time; the numbers that it made.
async fn add<S: Store>(store: &S, process: u64, each: u64) -> Vec<u64> {
    let mut made = Vec::new();
    let mut seen = store.read().await.expect("it can be read").record;
    while (made.len() as u64) < each {
        let next = number(seen.as_ref()) + 1;
        let version = u128::from(process) << 64 | u128::from(next);
        let record = Record {
            version: Version::from_bytes(version.to_le_bytes()),
            content: [next.to_le_bytes().to_vec(), vec![0; 700]].concat(),
        };
        let was = seen.as_ref().map(|seen| seen.version);
        match store
            .replace(was, record.clone(), KEEP)
            .await
            .expect("a swap")
        {
            Replaced::Won(_) => {
                made.push(next);
                seen = Some(record);
            }
            Replaced::Lost(reading) => {
                let now = reading.record.as_ref().map(|record| record.version);
                assert_ne!(now, was, "it lost against nobody");
                seen = reading.record;
            }
        }
    }
    made
}

/// The number in a record; zero in none.
fn number(record: Option<&Record>) -> u64 {
    let bytes = record.and_then(|record| record.content.first_chunk());
    bytes.copied().map_or(0, u64::from_le_bytes)
}
