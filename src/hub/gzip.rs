//! Compressing an exposition, that of a thousand targets on all processors.

use std::io::Write as _;
use std::thread::{self, Builder};

use bytes::Bytes;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// The least that is worth a thread.
const PIECE: usize = 1 << 20;

/// What a gzip member begins with: deflate, no name and no time, compressed for speed, of no system in particular (RFC 1952).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 0xff];

/// `body` as one gzip member.
pub(super) fn gzip(body: &[u8]) -> Bytes {
    let pieces = body.len() / PIECE;
    // How many processors there are takes twenty system calls.
    let processors = if pieces > 1 { thread::available_parallelism().map_or(1, usize::from) } else { 1 };
    in_pieces(body, pieces.min(processors))
}

/// Members would be the simpler pieces, but browsers read the first one only. Pieces of one member know nothing of each other
/// either: each but the last is flushed, which ends it at a whole byte, and a reader sees one stream.
fn in_pieces(body: &[u8], pieces: usize) -> Bytes {
    let mut others: Vec<&[u8]> = body.chunks(body.len().div_ceil(pieces.max(1)).max(1)).collect();
    let last = others.pop().unwrap_or(body);
    let (last, others) = thread::scope(|scope| {
        let started: Vec<_> =
            others.iter().map(|piece| Builder::new().spawn_scoped(scope, || deflate(piece, false))).collect();
        let last = deflate(last, true);
        // What no thread could be had for is compressed here.
        let others = started.into_iter().zip(&others).map(|(thread, piece)| {
            thread.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(|| deflate(piece, false))
        });
        (last, others.collect::<Vec<_>>())
    });
    let mut crc = Crc::new();
    let mut out = Vec::with_capacity(others.iter().map(|(bytes, _)| bytes.len()).sum::<usize>() + last.0.len() + 18);
    out.extend(HEADER);
    for (bytes, of_piece) in others.into_iter().chain([last]) {
        out.extend(bytes);
        crc.combine(&of_piece);
    }
    out.extend(crc.sum().to_le_bytes());
    out.extend(crc.amount().to_le_bytes());
    Bytes::from(out)
}

/// A piece and its checksum.
fn deflate(piece: &[u8], is_last: bool) -> (Vec<u8>, Crc) {
    let mut crc = Crc::new();
    crc.update(piece);
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(piece.len() / 8 + 64), Compression::fast());
    // Writing to a Vec cannot fail.
    let _ = encoder.write_all(piece);
    if is_last {
        return (encoder.finish().unwrap_or_default(), crc);
    }
    let _ = encoder.flush();
    (std::mem::take(encoder.get_mut()), crc)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn any_number_of_pieces_is_one_member_of_the_same_text() {
        let text: Vec<u8> =
            (0..5_000).flat_map(|line| format!("redis_up{{target=\"{line}\"}} 1\n").into_bytes()).collect();
        for body in [&text[..], &text[..1], b""] {
            for pieces in [0, 1, 2, 3, 7] {
                let packed = in_pieces(body, pieces);
                let mut unpacked = Vec::new();
                // It reads one member, and fails where its length or its checksum is wrong.
                let mut decoder = GzDecoder::new(&packed[..]);
                decoder.read_to_end(&mut unpacked).unwrap();
                assert!(unpacked == body, "{} bytes in {pieces} pieces", body.len());
                assert_eq!(decoder.into_inner().len(), 0, "nothing follows the member");
            }
        }
    }
}
