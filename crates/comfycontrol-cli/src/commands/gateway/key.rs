use comfycontrol_core::hex_digits;
use comfycontrol_gateway::hash_caller_key;
use serde_json::json;

use crate::failure::Failure;
use crate::out::Out;

/// Prints a key of 256 random bits, which is kept nowhere, and what stands for it in the file.
pub(super) fn make(name: &str, out: Out) -> Result<(), Failure> {
    let is_name = !name.is_empty() && name.len() <= 64;
    if !is_name || !name.bytes().all(|byte| byte.is_ascii_graphic()) || name.starts_with('#') {
        let message = "a caller's name has 1 to 64 visible characters, and no # at its beginning";
        return Err(Failure::Setting(message.to_owned()));
    }
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).map_err(|e| Failure::local(format!("no random numbers: {e}")))?;
    let key = format!("cck_{}", hex_digits(&random));
    let line = format!("{name} {}", hash_caller_key(&key));
    out.value(&json!({ "key": key, "line": line }), || {
        format!("key   {key}\nline  {line}")
    })?;
    Ok(())
}
