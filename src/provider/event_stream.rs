//! AWS's event stream (`application/vnd.amazon.eventstream`): binary frames under two checksums.
//!
//! ```text
//! total length u32 | headers' length u32 | CRC-32 of the 8 bytes | headers | payload | CRC-32 of all before
//! ```
//!
//! All numbers are big-endian. A header is the length of its name in a byte, the name, a type, and a value whose length
//! follows from the type or stands before it. `:message-type` says `event`, or `exception` or `error`, each of which ends
//! the stream; its name stands in `:event-type`, `:exception-type` or `:error-code`. Neither checksum is taken on trust:
//! a wrong length would be read as gigabytes to wait for.

use super::Complaint;
use super::framing::{MAX_MESSAGE, Message};
use crate::event::Class;

/// The two lengths and their checksum.
const PRELUDE: usize = 12;
/// The checksum at the end.
const CHECKSUM: usize = 4;

/// An incremental parser.
#[derive(Debug, Default)]
pub(super) struct Parser {
    /// A frame that has not ended yet.
    partial: Vec<u8>,
}

impl Parser {
    /// Takes in bytes and hands every frame that they complete to `each`.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(Message<'_>) -> Result<(), Complaint>,
    ) -> Result<(), Complaint> {
        if self.partial.is_empty() {
            let read = frames(bytes, &mut each)?;
            self.partial.extend_from_slice(&bytes[read..]);
        } else {
            self.partial.extend_from_slice(bytes);
            let read = frames(&self.partial, &mut each)?;
            self.partial.drain(..read);
        }
        Ok(())
    }
}

/// Reads the whole frames at the beginning of `bytes`, and says how long they are together.
fn frames(bytes: &[u8], each: &mut impl FnMut(Message<'_>) -> Result<(), Complaint>) -> Result<usize, Complaint> {
    let mut read = 0;
    while let Some(total) = length(&bytes[read..])? {
        let Some(frame) = bytes[read..].get(..total) else { break };
        message(frame, each)?;
        read += total;
    }
    Ok(read)
}

fn broken(what: &'static str) -> Complaint {
    Complaint::new(Class::Malformed, what)
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|four| u32::from_be_bytes(*four))
}

/// The length of a frame, once its prelude is there.
fn length(frame: &[u8]) -> Result<Option<usize>, Complaint> {
    let Some(prelude) = frame.get(..PRELUDE) else { return Ok(None) };
    if number(&prelude[8..]) != Some(crc32fast::hash(&prelude[..8])) {
        return Err(broken("a frame of the stream has a prelude with a wrong checksum"));
    }
    let total = number(prelude).unwrap_or_default() as usize;
    if total > MAX_MESSAGE {
        return Err(broken("a frame of the stream is too long"));
    }
    if total < PRELUDE + CHECKSUM {
        return Err(broken("a frame of the stream is shorter than its prelude"));
    }
    Ok(Some(total))
}

fn message(frame: &[u8], each: &mut impl FnMut(Message<'_>) -> Result<(), Complaint>) -> Result<(), Complaint> {
    let (checked, checksum) = frame.split_at(frame.len() - CHECKSUM);
    if number(checksum) != Some(crc32fast::hash(checked)) {
        return Err(broken("a frame of the stream has a wrong checksum"));
    }
    let told = number(&frame[4..]).unwrap_or_default() as usize;
    let (headers, payload) =
        checked[PRELUDE..].split_at_checked(told).ok_or_else(|| broken("a frame's headers are longer than it"))?;
    let headers = Headers::read(headers).ok_or_else(|| broken("a frame has headers that nobody understands"))?;
    let payload = std::str::from_utf8(payload).map_err(|_| broken("the stream is not UTF-8"))?;
    match headers.sort {
        Some("event") => each(Message { name: headers.event, is_error: false, data: payload }),
        Some("exception") => each(Message { name: headers.exception, is_error: true, data: payload }),
        // It has no payload; its words are a header.
        Some("error") => each(Message { name: headers.error, is_error: true, data: headers.words }),
        _ => Err(broken("a frame of no known kind")),
    }
}

/// The headers that mean something here.
#[derive(Default)]
struct Headers<'a> {
    sort: Option<&'a str>,
    event: &'a str,
    exception: &'a str,
    error: &'a str,
    words: &'a str,
}

impl<'a> Headers<'a> {
    fn read(mut rest: &'a [u8]) -> Option<Self> {
        let mut headers = Self::default();
        while let Some((&length, after)) = rest.split_first() {
            let (name, after) = after.split_at_checked(usize::from(length))?;
            let (&kind, after) = after.split_first()?;
            let (value, after) = match kind {
                // Two are themselves their value: true and false.
                0 | 1 => after.split_at_checked(0)?,
                2 => after.split_at_checked(1)?,
                3 => after.split_at_checked(2)?,
                4 => after.split_at_checked(4)?,
                // A long, and a time.
                5 | 8 => after.split_at_checked(8)?,
                // Bytes, and a string.
                6 | 7 => {
                    let (length, after) = after.split_first_chunk()?;
                    after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?
                }
                // A UUID.
                9 => after.split_at_checked(16)?,
                _ => return None,
            };
            rest = after;
            if kind == 7 {
                let value = std::str::from_utf8(value).ok()?;
                match name {
                    b":message-type" => headers.sort = Some(value),
                    b":event-type" => headers.event = value,
                    b":exception-type" => headers.exception = value,
                    b":error-code" => headers.error = value,
                    b":error-message" => headers.words = value,
                    _ => {}
                }
            }
        }
        Some(headers)
    }
}
