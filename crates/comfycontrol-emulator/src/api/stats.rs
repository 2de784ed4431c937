//! What a runner's ComfyUI says of the machine it is on.

use serde_json::{Value, json};

/// The statistics of a runner, the same for each.
pub(super) fn show() -> Value {
    json!({
        "system": {
            "os": "posix",
            "ram_total": 253_344_550_912_u64,
            "ram_free": 239_499_096_064_u64,
            "comfyui_version": "0.3.77",
            "python_version": "3.12.12 (main, Oct 15 2025, 00:00:00) [GCC 13.3.0]",
        },
        "devices": [{
            "name": "cuda:0 NVIDIA A100-SXM4-80GB",
            "type": "cuda",
            "vram_total": 85_094_825_984_u64,
            "vram_free": 84_557_955_072_u64,
        }],
        "dev_mode": false,
        "extensions": ["ComfyUI-Manager"],
    })
}
