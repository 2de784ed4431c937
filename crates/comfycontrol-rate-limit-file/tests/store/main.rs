//! The store as other processes see it, and as what happens to files leaves it.

mod damage;
mod members;
mod processes;
mod register;
mod support;
