pub(crate) mod cancel;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod emulator;
pub(crate) mod request;
pub(crate) mod runners;
pub(crate) mod whoami;
pub(crate) mod workflows;
