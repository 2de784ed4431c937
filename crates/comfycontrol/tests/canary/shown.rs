//! All that can be printed of a value or an error.

use std::fmt::Debug;

use comfycontrol::Error;
use comfycontrol_test::chain;
use http::StatusCode;

#[derive(Default)]
pub(crate) struct Shown(pub(crate) String);

impl Shown {
    pub(crate) fn debug(&mut self, value: impl Debug) {
        self.0 += &format!("{value:?}\n{value:#?}\n");
    }

    pub(crate) fn error(&mut self, error: &Error) {
        self.0 += &format!(
            "{error}\n{error:#}\n{}\n{:?}\n",
            error.report(),
            error.call()
        );
        self.debug(error);
        for cause in chain(error) {
            self.0 += &format!("{cause}\n{cause:#}\n{cause:?}\n{cause:#?}\n");
        }
        if let Some(api) = error.as_api() {
            self.debug(api.problem());
            self.debug(api.cf_ray());
            self.debug(api.message());
        }
        if error.status() == Some(StatusCode::OK) {
            self.debug(
                error
                    .as_cause::<comfycontrol::InvalidJson>()
                    .map(|e| (e.path(), e.snippet())),
            );
        }
    }
}
