//! Which requests may have the token.
//!
//! * `allows`: which requests an origin allows to carry it.
//! * `parse`: what is an origin, and what it tells of itself.
//! * `properties`: any text at all, against a naive oracle.

mod allows;
mod parse;
mod properties;
