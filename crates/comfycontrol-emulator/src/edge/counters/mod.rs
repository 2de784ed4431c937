//! The ways in which servers count "N requests per W", one file a way.

mod counter;
mod fixed_window;
mod grid;
mod sliding_counter;
mod sliding_log;
mod sub_windows;
mod token_bucket;
mod window_from_first;

pub(super) use self::counter::Counter;

#[cfg(test)]
mod tests;
