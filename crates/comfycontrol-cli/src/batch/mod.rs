//! A run for each row of a table, to its end, however often the program is killed.
//!
//! * `table`: the rows, each known by the line that an editor shows.
//! * `entry`, `replay`: what a journal says, and what is to be done after it.
//! * `plan`: which row is to be started, looked for or saved next.
//! * `polls`: when the list of runs is read.
//! * `trouble`: how long what fails for all rows is tried again.
//! * `estimate`: when the end will be.
//! * `view`, `advice`: all of that in words.
//!
//! These are pure. What they decide is done by the others: `journal` writes and reads the file,
//! `row` starts a run and saves its files, `watch` reads the list, `display` shows how far it is,
//! `begin` reads what is there, and `engine` has all of it in hand.

mod advice;
mod begin;
mod display;
mod engine;
mod entry;
mod estimate;
mod journal;
mod plan;
mod polls;
mod replay;
mod row;
mod table;
mod trouble;
mod view;
mod watch;

pub(crate) use self::begin::run;
