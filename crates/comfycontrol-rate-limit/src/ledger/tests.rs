//! The budget under virtual time: many processes, one store, one server that counts exactly.
//!
//! A longer campaign, the rows as they were measured:
//! `cargo test --release -p comfycontrol-rate-limit --lib ledger::tests::campaign -- --ignored
//! --nocapture`

mod broken;
mod dice;
mod events;
mod newcomer;
mod plan;
mod process;
mod record;
mod rows;
mod run;
mod server;
mod store;
mod world;
