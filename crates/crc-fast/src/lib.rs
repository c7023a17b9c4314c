//! The three CRCs that S3 supports. This crate replaces the crate crc-fast, which the AWS SDK links.
//!
//! crc-fast chooses among a hundred algorithms at run time, so their tables are in every function that calls S3: 570 KB, which hardly
//! compress. This crate has the same names for the part that `aws-smithy-checksums` uses; the crates crc32fast and crc compute the checksums.

use crc::{CRC_32_ISCSI, CRC_64_NVME, Crc, Table};
use std::fmt;

static CRC_32C: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);
static CRC_64: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_NVME);

/// An algorithm (reveng.sourceforge.io/crc-catalogue).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// CRC-32/ISO-HDLC, S3's `CRC32`. The SDK computes it for each upload.
    Crc32IsoHdlc,
    /// CRC-32/ISCSI, S3's `CRC32C`.
    Crc32Iscsi,
    /// CRC-64/NVME, S3's `CRC64NVME`: S3 computes it for uploads without a checksum.
    Crc64Nvme,
}

/// A checksum of bytes that come in pieces.
#[derive(Clone)]
pub struct Digest(State);

#[derive(Clone)]
enum State {
    Crc32(crc32fast::Hasher),
    Crc32C(crc::Digest<'static, u32, Table<16>>),
    Crc64(crc::Digest<'static, u64, Table<16>>),
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Digest").field(&self.finalize()).finish()
    }
}

impl Digest {
    /// The checksum of no bytes yet.
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self(match algorithm {
            CrcAlgorithm::Crc32IsoHdlc => State::Crc32(crc32fast::Hasher::new()),
            CrcAlgorithm::Crc32Iscsi => State::Crc32C(CRC_32C.digest()),
            CrcAlgorithm::Crc64Nvme => State::Crc64(CRC_64.digest()),
        })
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc32(hasher) => hasher.update(bytes),
            State::Crc32C(digest) => digest.update(bytes),
            State::Crc64(digest) => digest.update(bytes),
        }
    }

    /// The checksum; a checksum of 32 bits is in the low 32 bits.
    pub fn finalize(&self) -> u64 {
        match self.0.clone() {
            State::Crc32(hasher) => u64::from(hasher.finalize()),
            State::Crc32C(digest) => u64::from(digest.finalize()),
            State::Crc64(digest) => digest.finalize(),
        }
    }
}

/// The checksum of all bytes.
pub fn checksum(algorithm: CrcAlgorithm, bytes: &[u8]) -> u64 {
    let mut digest = Digest::new(algorithm);
    digest.update(bytes);
    digest.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [CrcAlgorithm; 3] = [CrcAlgorithm::Crc32IsoHdlc, CrcAlgorithm::Crc32Iscsi, CrcAlgorithm::Crc64Nvme];

    /// The catalogue's check values.
    #[test]
    fn checksums_of_123456789_match_the_catalogue() {
        let expected = [0xcbf4_3926, 0xe306_9283, 0xae8b_1486_0a79_9888];
        assert_eq!(ALL.map(|algorithm| checksum(algorithm, b"123456789")), expected);
    }

    #[test]
    fn the_checksum_of_pieces_equals_the_checksum_of_the_whole() {
        let bytes: Vec<u8> = (0..1000_u32).map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
        for algorithm in ALL {
            for length in [0, 1, 7, 8, 9, 64, 1000] {
                for cut in [0, 1, 5, 8, length] {
                    let (whole, cut) = (&bytes[..length], cut.min(length));
                    let mut digest = Digest::new(algorithm);
                    digest.update(&whole[..cut]);
                    digest.update(&whole[cut..]);
                    assert_eq!(digest.finalize(), checksum(algorithm, whole), "{algorithm:?}, {length}, {cut}");
                }
            }
        }
    }
}
