#[path = "../support/emulated.rs"]
mod emulated;

use comfycontrol::ClientBuilder;
use comfycontrol_emulator::Emulator;
use comfycontrol_test::SECOND;

/// A client that gives up rather than hang.
pub(crate) fn builder(emulator: &Emulator) -> ClientBuilder {
    emulated::builder(emulator).timeout(30 * SECOND)
}
