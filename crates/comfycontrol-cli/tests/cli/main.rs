//! The program as it is run from a shell, against the emulator.
//!
//! * `batch`: a run for each row of a table, killed and started again.
//! * `budget`: one limit for several commands.
//! * `calls`: whoami, lists, cancel, get and post, as text and as JSON.
//! * `doctor`: what is wrong, in a line each.
//! * `emulator`: the emulator as a program.
//! * `failures`: exit codes, and what an error says.
//! * `gateway`: the gateway as a program, and curl, Python and Node in front of it.
//! * `help`: what the help says, and what is told of what was typed wrongly.
//! * `input`: what is given late or never.
//! * `run`: a run, from a graph to files on disk.

mod batch;
mod budget;
mod calls;
mod doctor;
mod emulator;
mod failures;
mod gateway;
mod help;
mod input;
mod run;
mod support;
