//! AWS event streams, read by hand: `application/vnd.amazon.eventstream` as text that a person can compare.
//!
//! A frame is a prelude (total length, header length, CRC-32 of these two), headers, a payload, and the CRC-32 of all
//! that goes before it; numbers are big-endian. It becomes one line: its headers sorted by name (their order means
//! nothing), a space, its payload.

use std::fmt::Write;

/// The frames, a line each.
pub(crate) fn render(mut bytes: &[u8]) -> Result<String, String> {
    let mut text = String::new();
    let mut n = 0;
    while !bytes.is_empty() {
        n += 1;
        let line = frame(&mut bytes).map_err(|why| format!("frame {n}: {why}"))?;
        writeln!(text, "{line}").map_err(|e| e.to_string())?;
    }
    Ok(text)
}

fn frame(bytes: &mut &[u8]) -> Result<String, String> {
    let whole = *bytes;
    let total = number(bytes)?;
    let header_length = number(bytes)?;
    check("prelude", &whole[..8], number(bytes)?)?;
    let total = usize::try_from(total).map_err(|e| e.to_string())?;
    let header_length = usize::try_from(header_length).map_err(|e| e.to_string())?;
    if total < 16 + header_length || total > whole.len() {
        return Err(format!("{total} bytes, {header_length} of them headers, of {} that are left", whole.len()));
    }
    let mut headers = &whole[12..12 + header_length];
    let payload = &whole[12 + header_length..total - 4];
    let mut crc = &whole[total - 4..total];
    check("message", &whole[..total - 4], number(&mut crc)?)?;
    *bytes = &whole[total..];
    let mut named = Vec::new();
    while !headers.is_empty() {
        named.push(header(&mut headers)?);
    }
    named.sort();
    let payload = std::str::from_utf8(payload).map_err(|e| format!("payload: {e}"))?;
    Ok(format!("[{}] {payload}", named.join(", ")))
}

fn header(bytes: &mut &[u8]) -> Result<String, String> {
    let [length] = take(bytes)?;
    let name = text(bytes, length.into())?;
    let [kind] = take(bytes)?;
    if kind != 7 {
        return Err(format!("header {name} is of type {kind}, not a string"));
    }
    let length = u16::from_be_bytes(take(bytes)?);
    Ok(format!("{name}: {}", text(bytes, length.into())?))
}

fn number(bytes: &mut &[u8]) -> Result<u32, String> {
    take(bytes).map(u32::from_be_bytes)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], String> {
    let (taken, rest) = bytes.split_first_chunk::<N>().ok_or_else(|| format!("{} bytes left over", bytes.len()))?;
    *bytes = rest;
    Ok(*taken)
}

fn text<'b>(bytes: &mut &'b [u8], length: usize) -> Result<&'b str, String> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or("a header longer than the headers")?;
    *bytes = rest;
    std::str::from_utf8(taken).map_err(|e| e.to_string())
}

fn check(what: &str, bytes: &[u8], said: u32) -> Result<(), String> {
    let crc = crc32(bytes);
    if crc == said { Ok(()) } else { Err(format!("the CRC of the {what} is {crc:08x}, it says {said:08x}")) }
}

/// CRC-32 as in Ethernet and zip.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(headers: &[(&str, &str)], payload: &str) -> Vec<u8> {
        let mut named = Vec::new();
        for (name, value) in headers {
            named.push(name.len() as u8);
            named.extend_from_slice(name.as_bytes());
            named.push(7);
            named.extend_from_slice(&(value.len() as u16).to_be_bytes());
            named.extend_from_slice(value.as_bytes());
        }
        let mut frame = ((16 + named.len() + payload.len()) as u32).to_be_bytes().to_vec();
        frame.extend_from_slice(&(named.len() as u32).to_be_bytes());
        frame.extend_from_slice(&crc32(&frame).to_be_bytes());
        frame.extend_from_slice(&named);
        frame.extend_from_slice(payload.as_bytes());
        frame.extend_from_slice(&crc32(&frame).to_be_bytes());
        frame
    }

    #[test]
    fn the_crc_is_the_well_known_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn the_empty_frame_of_the_format_is_read() {
        let empty = [0, 0, 0, 16, 0, 0, 0, 0, 0x05, 0xC2, 0x48, 0xEB, 0x7D, 0x98, 0xC8, 0xFF];
        assert_eq!(render(&empty).as_deref(), Ok("[] \n"));
    }

    #[test]
    fn each_frame_is_a_line_with_its_headers_in_order_of_name() {
        let mut bytes =
            encode(&[(":message-type", "event"), (":event-type", "messageStart")], r#"{"role":"assistant"}"#);
        bytes.extend(encode(&[], "{}"));
        let text = "[:event-type: messageStart, :message-type: event] {\"role\":\"assistant\"}\n[] {}\n";
        assert_eq!(render(&bytes).as_deref(), Ok(text));
    }

    #[test]
    fn a_flipped_bit_anywhere_or_a_missing_byte_is_found() {
        let good = encode(&[(":event-type", "x")], "{}");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(render(&bad).is_err(), "byte {at}");
            assert!(render(&good[..at]).is_err() || at == 0, "cut at {at}");
        }
    }
}
