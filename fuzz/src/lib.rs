//! What the fuzz targets share: the macro that makes a program of each, and the models of the
//! world they are judged by. See `README.md` for the commands.

mod authority;
mod clock;
mod gate;
mod replay;
mod server;
mod shown;

pub use self::authority::Authority;
pub use self::clock::{block_on, ready};
pub use self::gate::Gate;
pub use self::replay::replay;
pub use self::server::{Rule, Server};
pub use self::shown::assert_fit_to_be_shown;

/// Makes a property of bytes into a fuzz target: for libFuzzer under cargo-fuzz, and elsewhere
/// into a program that replays the files it is given, or else its corpus.
#[macro_export]
macro_rules! fuzz_target {
    (|$bytes:ident: &[u8]| $property:block) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|$bytes: &[u8]| $property);

        #[cfg(not(fuzzing))]
        fn main() -> std::process::ExitCode {
            $crate::replay(env!("CARGO_BIN_NAME"), |$bytes: &[u8]| $property)
        }
    };
}
