//! What the frames of an HTTP/2 connection say of the connection itself (RFC 9113 §4.1): how many
//! streams the server allows, how much of the window is left to it, whether it says goodbye.

/// Reads the frames of one direction, as far as they are of interest.
#[derive(Debug)]
pub(crate) struct Frames {
    /// Bytes that are of no interest.
    skip: usize,
    /// The head of a frame, or an entry of what it holds, as far as it has come.
    part: [u8; HEAD],
    have: usize,
    at: At,
}

/// What is being read.
#[derive(Clone, Copy, Debug)]
enum At {
    Head,
    /// So many bytes of settings are left.
    Settings(usize),
    Window,
}

/// What a frame says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Said {
    /// So many bytes of the connection's window are used.
    Data(u32),
    /// The connection's window grows by so many bytes.
    Window(u32),
    /// So many streams are allowed.
    MaxStreams(u32),
    /// All settings of a frame have been read.
    Settings,
    GoAway,
}

impl Frames {
    /// What a server sends.
    pub(crate) fn of_server() -> Self {
        Self {
            skip: 0,
            part: [0; HEAD],
            have: 0,
            at: At::Head,
        }
    }

    /// What a client sends, whose preface comes first (RFC 9113 §3.4).
    pub(crate) fn of_client() -> Self {
        Self {
            skip: PREFACE,
            ..Self::of_server()
        }
    }

    /// Goes on by these bytes.
    pub(crate) fn take(&mut self, mut bytes: &[u8], mut say: impl FnMut(Said)) {
        loop {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            let wanted = match self.at {
                At::Head => HEAD,
                At::Settings(_) => SETTING,
                At::Window => WINDOW,
            };
            let taken = (wanted - self.have).min(bytes.len());
            self.part[self.have..self.have + taken].copy_from_slice(&bytes[..taken]);
            self.have += taken;
            bytes = &bytes[taken..];
            if self.have < wanted {
                return;
            }
            self.have = 0;
            self.at = self.part(&mut say);
        }
    }

    /// A part is whole.
    fn part(&mut self, say: &mut impl FnMut(Said)) -> At {
        let [a, b, c, d, ..] = self.part;
        match self.at {
            At::Head => self.head(say),
            At::Window => {
                say(Said::Window(u32::from_be_bytes([a, b, c, d]) & STREAM));
                At::Head
            }
            At::Settings(left) => {
                let [.., e, f, _, _, _] = self.part;
                if [a, b] == MAX_CONCURRENT_STREAMS {
                    say(Said::MaxStreams(u32::from_be_bytes([c, d, e, f])));
                }
                self.settings(left - SETTING, say)
            }
        }
    }

    fn head(&mut self, say: &mut impl FnMut(Said)) -> At {
        let [a, b, c, kind, flags, stream @ ..] = self.part;
        let length = u32::from_be_bytes([0, a, b, c]);
        let of_connection = u32::from_be_bytes(stream) & STREAM == 0;
        match kind {
            // Padding counts as well (RFC 9113 §6.9.1).
            0 => say(Said::Data(length)),
            4 if flags & ACK == 0 => return self.settings(length as usize, say),
            7 => say(Said::GoAway),
            8 if of_connection && length as usize == WINDOW => return At::Window,
            _ => {}
        }
        self.skip = length as usize;
        At::Head
    }

    fn settings(&mut self, left: usize, say: &mut impl FnMut(Said)) -> At {
        if left >= SETTING {
            return At::Settings(left);
        }
        say(Said::Settings);
        self.skip = left;
        At::Head
    }
}

const PREFACE: usize = 24;
const HEAD: usize = 9;
const SETTING: usize = 6;
const WINDOW: usize = 4;
const ACK: u8 = 1;
/// All bits but the reserved one.
const STREAM: u32 = u32::MAX >> 1;
const MAX_CONCURRENT_STREAMS: [u8; 2] = [0, 3];

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        frame
    }

    fn said(mut frames: Frames, bytes: &[u8], piece: usize) -> Vec<Said> {
        let mut all = Vec::new();
        for piece in bytes.chunks(piece) {
            frames.take(piece, |said| all.push(said));
        }
        all
    }

    #[test]
    fn what_concerns_the_connection_is_read_in_pieces_of_any_size() {
        let settings = [0, 4, 0, 1, 0, 0, 0, 3, 0, 0, 0, 128, 0, 5, 0, 0, 64, 0];
        let bytes = [
            frame(4, 0, 0, &settings),
            frame(4, ACK, 0, &[]),
            frame(1, 4, 1, &[0; 77]),
            frame(0, 0, 1, &[8; 16_384]),
            frame(8, 0, 1, &[0, 0, 1, 0]),
            frame(8, 0, 0, &[0x80, 0, 1, 0]),
            frame(0, 1, 3, &[]),
            frame(4, 0, 0, &[]),
            frame(7, 0, 0, b"12345678bye"),
        ]
        .concat();
        let expected = [
            Said::MaxStreams(128),
            Said::Settings,
            Said::Data(16_384),
            Said::Window(256),
            Said::Data(0),
            Said::Settings,
            Said::GoAway,
        ];
        let from_client = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &bytes].concat();
        for piece in [1, 2, 3, 7, 9, 64, 100_000] {
            assert_eq!(said(Frames::of_server(), &bytes, piece), expected);
            assert_eq!(said(Frames::of_client(), &from_client, piece), expected);
        }
    }

    #[test]
    fn no_bytes_whatever_are_too_much_for_it() {
        for seed in 0..200_u64 {
            let mut state = seed;
            let bytes: Vec<u8> = (0..300)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    (state >> 56) as u8 & 15
                })
                .collect();
            let whole = said(Frames::of_server(), &bytes, 300);
            assert_eq!(said(Frames::of_server(), &bytes, 1), whole);
        }
    }
}
