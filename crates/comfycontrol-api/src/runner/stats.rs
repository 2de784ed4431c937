use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{null, shown};

/// What a runner says of the machine it is on.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RunnerStats {
    /// The machine and what runs on it.
    #[serde(deserialize_with = "null::or_default")]
    pub system: SystemStats,
    /// The devices that the machine computes with.
    #[serde(deserialize_with = "null::or_default")]
    pub devices: Vec<Device>,
    /// Whether ComfyUI is in development mode.
    #[serde(deserialize_with = "null::or_default")]
    pub dev_mode: bool,
    /// The extensions of ComfyUI.
    #[serde(deserialize_with = "null::or_default")]
    pub extensions: Vec<String>,
}

/// The machine a runner is on.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SystemStats {
    /// The kind of operating system, such as `posix`.
    pub os: Option<String>,
    /// Memory that is free, in bytes.
    pub ram_free: Option<u64>,
    /// Memory in all, in bytes.
    pub ram_total: Option<u64>,
    /// The version of ComfyUI.
    pub comfyui_version: Option<String>,
    /// The version of Python, with the compiler it was built by.
    pub python_version: Option<String>,
}

/// A device a runner computes with.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Device {
    /// The name of the device.
    pub name: Option<String>,
    /// The type of the device, such as `cuda`, `mps` or `cpu`.
    #[serde(rename = "type")]
    pub device_type: Option<String>,
    /// Video memory in all, in bytes.
    pub vram_total: Option<u64>,
    /// Video memory that is free, in bytes.
    pub vram_free: Option<u64>,
}

impl fmt::Debug for RunnerStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunnerStats")
            .field("system", &self.system)
            .field("devices", &self.devices)
            .field("dev_mode", &self.dev_mode)
            .field("extensions", &shown::list(&self.extensions))
            .finish()
    }
}

impl fmt::Debug for SystemStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemStats")
            .field("os", &shown::optional(&self.os))
            .field("ram_free", &self.ram_free)
            .field("ram_total", &self.ram_total)
            .field("comfyui_version", &shown::optional(&self.comfyui_version))
            .field("python_version", &shown::optional(&self.python_version))
            .finish()
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("name", &shown::optional(&self.name))
            .field("device_type", &shown::optional(&self.device_type))
            .field("vram_total", &self.vram_total)
            .field("vram_free", &self.vram_free)
            .finish()
    }
}
