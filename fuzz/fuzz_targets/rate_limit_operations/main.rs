//! Whatever callers do and whenever they do it, no server can count more than its limit, nothing
//! leaves during a cooldown, no call waits longer than the rule asks, calls keep their order, and
//! in the end every slot comes back.
//!
//! An input is a line of settings and then operations, each a letter and perhaps a digit: see
//! `Settings::read` and `World::apply`. The rule is checked against the naive `Server` and `Gate`.

#![cfg_attr(fuzzing, no_main)]

mod checks;
mod owner;
mod settings;
mod world;

use comfycontrol_fuzz::{block_on, fuzz_target};

use self::settings::Settings;
use self::world::World;

fuzz_target!(|bytes: &[u8]| {
    let at = bytes
        .iter()
        .position(|b| *b == b'\n')
        .unwrap_or(bytes.len());
    let (settings, operations) = bytes.split_at(at);
    block_on(async {
        let mut world = World::new(Settings::read(settings));
        for (letter, digit) in pairs(operations).take(MAX_OPERATIONS) {
            world.apply(letter, digit).await;
            world.check_snapshot();
        }
        world.end().await;
    });
});

/// The model is quadratic.
const MAX_OPERATIONS: usize = 300;

/// Letters, each with the digit that follows it, 0 if none does; anything else is left out.
fn pairs(bytes: &[u8]) -> impl Iterator<Item = (u8, usize)> {
    bytes.iter().enumerate().filter_map(|(at, letter)| {
        let next = bytes.get(at + 1).filter(|b| b.is_ascii_digit());
        let digit = next.map_or(0, |b| usize::from(b - b'0'));
        letter.is_ascii_alphabetic().then_some((*letter, digit))
    })
}
