//! Pictures small enough to be made by hand: a PNG (ISO/IEC 15948) of one chunk of uncompressed pixels, and its base64.

/// A picture of at most 256 by 250 pixels, each an index into a palette of red, green and blue.
pub(super) fn png(width: u8, palette: &[[u8; 3]], pixels: &[u8]) -> Vec<u8> {
    let rows = pixels.chunks_exact(usize::from(width.max(1)));
    let mut header = Vec::from(u32::from(width).to_be_bytes());
    header.extend_from_slice(&(rows.len() as u32).to_be_bytes());
    // Eight bits a pixel, a palette; the only methods of compression and filtering there are; not interlaced.
    header.extend_from_slice(&[8, 3, 0, 0, 0]);
    // Each row says that it is not filtered.
    let raw: Vec<u8> = rows.flat_map(|row| std::iter::once(&0).chain(row)).copied().collect();
    let mut file = Vec::from(*b"\x89PNG\r\n\x1a\n");
    chunk(&mut file, *b"IHDR", &header);
    chunk(&mut file, *b"PLTE", palette.as_flattened());
    chunk(&mut file, *b"IDAT", &zlib(&raw));
    chunk(&mut file, *b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    file.extend_from_slice(&(data.len() as u32).to_be_bytes());
    let from = file.len();
    file.extend_from_slice(&name);
    file.extend_from_slice(data);
    let crc = crc32(&file[from..]);
    file.extend_from_slice(&crc.to_be_bytes());
}

/// A zlib stream of one stored block, which holds up to 65,535 bytes.
fn zlib(raw: &[u8]) -> Vec<u8> {
    let length = raw.len() as u16;
    let mut stream = vec![0x78, 0x01, 0x01];
    stream.extend_from_slice(&length.to_le_bytes());
    stream.extend_from_slice(&(!length).to_le_bytes());
    stream.extend_from_slice(raw);
    let (a, b) = raw.iter().fold((1u32, 0u32), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (a + b) % 65_521)
    });
    stream.extend_from_slice(&(b << 16 | a).to_be_bytes());
    stream
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

/// Base64 with the usual alphabet and padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn checksums_are_those_of_their_standards() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b"IEND"), 0xae42_6082);
        assert_eq!(zlib(b"Wikipedia")[16..], [0x11, 0xe6, 0x03, 0x98]);
    }

    #[test]
    fn a_picture_has_its_signature_its_size_and_its_pixels() {
        let file = png(2, &[[255, 255, 255], [200, 0, 0]], &[0, 1, 1, 0]);
        assert!(file.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x02\0\0\0\x02\x08\x03\0\0\0"));
        assert!(file.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82"));
        assert!(file.windows(6).any(|w| w == [0, 0, 1, 0, 1, 0]), "two rows, each after its filter");
    }
}
