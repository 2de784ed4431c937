use std::fs;

use comfycontrol_rate_limit::Replaced;
use comfycontrol_rate_limit_file::FileStore;

use crate::support::*;

#[tokio::test]
async fn all_programs_of_a_user_find_one_budget_under_its_name() {
    let name = format!("names-{}.example", std::process::id());
    let (one, another) = (named(&name), named(&name));
    let other = named(&format!("other-{name}"));
    assert_eq!(one.0.path(), another.0.path());
    let file_name = one.0.path().file_name().unwrap();
    assert_eq!(file_name.to_str(), Some(&*format!("{name}.budget")));
    let won = swap(&one.0, None, 1).await;
    assert!(matches!(won, Replaced::Won(_)));
    assert_eq!(read(&another.0).await.record, Some(record(1)));
    assert_eq!(read(&other.0).await.record, None);
}

/// The store of this user under this name, which leaves nothing.
struct Named(FileStore);

fn named(name: &str) -> Named {
    Named(FileStore::of_user(name).unwrap())
}

impl Drop for Named {
    fn drop(&mut self) {
        let path = self.0.path();
        // The first to be dropped has removed it for all of one name.
        _ = fs::remove_file(path);
        _ = fs::remove_dir_all(path.with_extension("members"));
    }
}
