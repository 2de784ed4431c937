//! Processes that are killed, stopped, or out of disk.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use comfycontrol_rate_limit::{Keeper, Limiter, Member, Quota, Record, Replaced, Store, Version};
use comfycontrol_rate_limit_file::{FileErrorKind, FileStore};
use comfycontrol_test::{MILLISECOND, SECOND, now, once_more, within};
use http::Response;
use tokio::time::sleep;

use crate::support::*;

const FILE: &str = "BUDGET";

/// Runs one of the tests below in a process of its own, until it says that it is ready.
fn start(mut command: Command, budget: &Budget) -> Child {
    command.env(FILE, &budget.path).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let told = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let ready = told
        .map_while(Result::ok)
        .any(|line| line.contains("ready"));
    assert!(ready, "the process ended before");
    child
}

fn say_ready() -> PathBuf {
    println!("\nready");
    std::io::stdout().flush().unwrap();
    std::env::var_os(FILE).unwrap().into()
}

fn number(record: Option<&Record>) -> u64 {
    record.map_or(0, |record| {
        u64::from_le_bytes(*record.content.first_chunk().unwrap())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_are_killed_leave_a_whole_record() {
    let budget = Budget::new();
    let store = budget.open();
    let mut last = 0;
    let mut writers: Vec<Child> = Vec::new();
    for round in 0..30 {
        writers.push(start(once_more("processes::child_counts"), &budget));
        sleep(5 * MILLISECOND).await;
        if writers.len() == 3 {
            let mut killed = writers.remove(round % 3);
            killed.kill().unwrap();
            killed.wait().unwrap();
        }
        let now = number(read(&store).await.record.as_ref());
        assert!(now >= last, "{now} after {last}");
        last = now;
    }
    for mut writer in writers {
        writer.kill().unwrap();
        writer.wait().unwrap();
    }
    assert!(last > 30, "{last}");
}

#[tokio::test]
#[ignore = "run by the test above, in processes that it kills"]
async fn child_counts() {
    let store = open(&say_ready());
    let mut seen = read(&store).await.record;
    loop {
        let next = number(seen.as_ref()) + 1;
        let version = u128::from(std::process::id()) << 64 | u128::from(next);
        let record = Record {
            version: Version::from_bytes(version.to_le_bytes()),
            content: [next.to_le_bytes().to_vec(), vec![0; 5_000]].concat(),
        };
        let was = seen.as_ref().map(|seen| seen.version);
        seen = match store.replace(was, record.clone(), KEEP).await.unwrap() {
            Replaced::Won(_) => Some(record),
            Replaced::Lost(reading) => reading.record,
        };
    }
}

#[tokio::test]
async fn a_member_is_gone_as_soon_as_its_process_was_killed() {
    let budget = Budget::new();
    let store = budget.open();
    let member = Member::from_u128(9);
    let mut child = start(once_more("processes::child_joins"), &budget);
    assert_eq!(store.gone(vec![member]).await.unwrap(), []);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(store.gone(vec![member]).await.unwrap(), [member]);
}

#[tokio::test]
#[ignore = "run by the test above, in a process that it kills"]
async fn child_joins() {
    let store = open(&PathBuf::from(std::env::var_os(FILE).unwrap()));
    store.join(Member::from_u128(9)).await.unwrap();
    say_ready();
    sleep(60 * SECOND).await;
}

const WINDOW: Duration = SECOND;
const LINGER: Duration = Duration::from_millis(500);
/// Waiting for a quarter of it, as for one that only says nothing, would take 15 s.
const LEASE: Duration = Duration::from_secs(60);

fn limiter(store: FileStore) -> (Limiter, Keeper) {
    let quota = Quota::new(4, WINDOW).unwrap();
    let builder = Limiter::builder(quota).linger(LINGER).lease(LEASE);
    builder.build_shared(store)
}

/// What it held may be on its way for the linger yet, and is counted for a window then.
#[tokio::test]
async fn what_a_process_held_that_was_killed_is_free_soon_for_one_that_starts_then() {
    let budget = Budget::new();
    for _ in 0..2 {
        let mut child = start(once_more("processes::child_holds_all_slots"), &budget);
        child.kill().unwrap();
        child.wait().unwrap();
        let killed = now();
        let (limiter, keeper) = limiter(budget.open());
        let keeper = tokio::spawn(keeper);
        let slot = within(LEASE / 6, limiter.acquire()).await.unwrap();
        assert!(
            killed.elapsed() >= LINGER + WINDOW,
            "{:?}",
            killed.elapsed()
        );
        slot.dispatch().settle(&Response::new(()));
        drop(limiter);
        keeper.await.unwrap().unwrap();
    }
}

#[tokio::test]
#[ignore = "run by the test above, in a process that it kills"]
async fn child_holds_all_slots() {
    let path = PathBuf::from(std::env::var_os(FILE).unwrap());
    let (limiter, keeper) = limiter(open(&path));
    tokio::spawn(keeper);
    let mut on_their_way = Vec::new();
    for _ in 0..4 {
        on_their_way.push(limiter.acquire().await.unwrap().dispatch());
    }
    say_ready();
    sleep(60 * SECOND).await;
}

#[cfg(unix)]
mod unix {
    use rustix::process::{Pid, Signal, kill_process};

    use super::*;

    #[tokio::test]
    async fn a_process_that_was_stopped_with_the_lock_is_an_error_in_time() {
        let budget = Budget::new();
        let store = budget.open().with_wait(50 * MILLISECOND);
        assert!(matches!(swap(&store, None, 1).await, Replaced::Won(_)));
        let mut child = start(once_more("processes::child_holds_the_lock"), &budget);
        let id = Pid::from_child(&child);
        kill_process(id, Signal::STOP).unwrap();
        for _ in 0..3 {
            let step = within(10 * SECOND, store.read()).await;
            let waited = 50 * MILLISECOND;
            assert_eq!(kind(step), FileErrorKind::Locked { waited });
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(read(&store).await.record, Some(record(1)));
    }

    #[tokio::test]
    async fn a_disk_that_is_full_is_an_error_and_the_record_stays() {
        let budget = Budget::new();
        let store = budget.open();
        assert!(matches!(swap(&store, None, 1).await, Replaced::Won(_)));
        let test = once_more("processes::child_has_no_disk_left");
        let mut shell = Command::new("sh");
        // A file may have 512 bytes or, with some shells, 1,024. The signal would end the process.
        shell.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"]);
        shell.arg(test.get_program()).args(test.get_args());
        let child = shell.env(FILE, &budget.path).output().unwrap();
        assert!(child.status.success(), "{child:?}");
        assert_eq!(read(&store).await.record, Some(record(1)));
    }
}

#[test]
#[ignore = "run by a test above, in a process that it stops"]
fn child_holds_the_lock() {
    let path = PathBuf::from(std::env::var_os(FILE).unwrap());
    let file = std::fs::File::open(path).unwrap();
    file.lock().unwrap();
    say_ready();
    std::io::stdin().lines().for_each(drop);
    #[expect(clippy::disallowed_methods, reason = "it is killed")]
    std::thread::sleep(60 * SECOND);
}

#[tokio::test]
#[ignore = "run by a test above, in a process that may write little"]
async fn child_has_no_disk_left() {
    let store = open(&PathBuf::from(std::env::var_os(FILE).unwrap()));
    for _ in 0..2 {
        let step = store.replace(Some(version(1)), record(2), KEEP).await;
        let kind = kind(step);
        assert_eq!(kind, FileErrorKind::Io(std::io::ErrorKind::FileTooLarge));
        assert_eq!(read(&store).await.record, Some(record(1)));
    }
}
