//! An emulated API, a client of it, and what came in.

#[path = "emulated.rs"]
mod emulated;

use comfycontrol::RateLimitMode;
use comfycontrol_api::Api;
use comfycontrol_emulator::{Emulator, EmulatorBuilder};
use comfycontrol_test::SECOND;

pub(crate) struct Server {
    emulator: Emulator,
    pub(crate) api: Api,
}

impl Server {
    /// An API that waits for no limit, and gives up rather than hang.
    pub(crate) async fn start(builder: EmulatorBuilder) -> Self {
        let emulator = builder.limit(None).start().await.unwrap();
        let client = emulated::builder(&emulator, "cfc_endpoints0endpoints0")
            .timeout(30 * SECOND)
            .rate_limit(RateLimitMode::Off);
        let api = Api::new(client.build().unwrap());
        Self { emulator, api }
    }

    /// Checks that these requests came in, and no others.
    #[track_caller]
    pub(crate) fn saw<const N: usize>(&self, expected: [&str; N]) {
        let seen = self.emulator.captured_requests();
        let seen = seen.iter().map(|seen| {
            let path = seen.uri().path_and_query().unwrap();
            format!("{} {path}", seen.method())
        });
        assert_eq!(seen.collect::<Vec<_>>(), expected);
    }
}
