//! The three CRCs that S3 knows, in place of the crate crc-fast, which the AWS SDK links.
//!
//! crc-fast chooses among a hundred algorithms at run time, so their tables are in every function that calls S3: 570 KB, which hardly
//! compress. This crate has the same names for the part that `aws-smithy-checksums` uses, and 32 KB of tables.

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
#[derive(Debug, Clone)]
pub struct Digest(State);

#[derive(Debug, Clone)]
enum State {
    Crc32(crc32fast::Hasher),
    Crc32C(u64),
    Crc64(u64),
}

impl Digest {
    /// The checksum of no bytes yet.
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self(match algorithm {
            CrcAlgorithm::Crc32IsoHdlc => State::Crc32(crc32fast::Hasher::new()),
            CrcAlgorithm::Crc32Iscsi => State::Crc32C(u64::from(u32::MAX)),
            CrcAlgorithm::Crc64Nvme => State::Crc64(u64::MAX),
        })
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc32(hasher) => hasher.update(bytes),
            State::Crc32C(crc) => *crc = updated(*crc, bytes, &CRC_32C),
            State::Crc64(crc) => *crc = updated(*crc, bytes, &CRC_64),
        }
    }

    /// The checksum; one of 32 bits is in the low ones.
    pub fn finalize(&self) -> u64 {
        match &self.0 {
            State::Crc32(hasher) => u64::from(hasher.clone().finalize()),
            State::Crc32C(crc) => crc ^ u64::from(u32::MAX),
            State::Crc64(crc) => !crc,
        }
    }
}

/// The checksum of all bytes.
pub fn checksum(algorithm: CrcAlgorithm, bytes: &[u8]) -> u64 {
    let mut digest = Digest::new(algorithm);
    digest.update(bytes);
    digest.finalize()
}

/// `table[k][byte]` is the register after `byte` and `k` zeros, for the slicing-by-8 of Kounavis and Berry (2005).
type Tables = [[u64; 256]; 8];

static CRC_32C: Tables = tables(0x82f6_3b78);
static CRC_64: Tables = tables(0x9a6c_9329_ac4b_c9b5);

/// Tables of a polynomial with reflected bits.
#[allow(clippy::indexing_slicing, reason = "the indices are below 8 and 256; constants cannot iterate")]
const fn tables(polynomial: u64) -> Tables {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc >> 1) ^ (if crc & 1 == 1 { polynomial } else { 0 });
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut zeros = 1;
    while zeros < 8 {
        let mut byte = 0;
        while byte < 256 {
            let crc = tables[zeros - 1][byte];
            tables[zeros][byte] = (crc >> 8) ^ tables[0][(crc & 0xff) as usize];
            byte += 1;
        }
        zeros += 1;
    }
    tables
}

/// The register after more bytes: eight at a time, then one at a time.
#[allow(clippy::indexing_slicing, reason = "an index of 8 bits is below 256")]
fn updated(crc: u64, bytes: &[u8], [t0, t1, t2, t3, t4, t5, t6, t7]: &Tables) -> u64 {
    let at = |table: &[u64; 256], register: u64, shift: u32| table[((register >> shift) & 0xff) as usize];
    let (eights, rest) = bytes.as_chunks();
    let crc = eights.iter().fold(crc, |crc, eight| {
        let x = crc ^ u64::from_le_bytes(*eight);
        at(t7, x, 0) ^ at(t6, x, 8) ^ at(t5, x, 16) ^ at(t4, x, 24) ^ at(t3, x, 32) ^ at(t2, x, 40) ^ at(t1, x, 48) ^ at(t0, x, 56)
    });
    rest.iter().fold(crc, |crc, byte| (crc >> 8) ^ at(t0, crc ^ u64::from(*byte), 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [CrcAlgorithm; 3] = [CrcAlgorithm::Crc32IsoHdlc, CrcAlgorithm::Crc32Iscsi, CrcAlgorithm::Crc64Nvme];

    /// The catalogue's check values.
    #[test]
    fn the_checksums_of_123456789_are_those_of_the_catalogue() {
        let expected = [0xcbf4_3926, 0xe306_9283, 0xae8b_1486_0a79_9888];
        assert_eq!(ALL.map(|algorithm| checksum(algorithm, b"123456789")), expected);
    }

    #[test]
    fn the_checksum_of_pieces_is_that_of_the_whole() {
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

    /// One bit at a time, as the catalogue defines it.
    #[test]
    fn the_tables_give_what_the_definition_gives() {
        let bytes: Vec<u8> = (0..100).collect();
        for (algorithm, polynomial, ones) in [
            (CrcAlgorithm::Crc32IsoHdlc, 0xedb8_8320, u64::from(u32::MAX)),
            (CrcAlgorithm::Crc32Iscsi, 0x82f6_3b78, u64::from(u32::MAX)),
            (CrcAlgorithm::Crc64Nvme, 0x9a6c_9329_ac4b_c9b5, u64::MAX),
        ] {
            let crc = bytes.iter().fold(ones, |crc, byte| {
                (0..8).fold(crc ^ u64::from(*byte), |crc, _| (crc >> 1) ^ (if crc & 1 == 1 { polynomial } else { 0 }))
            });
            assert_eq!(checksum(algorithm, &bytes), crc ^ ones, "{algorithm:?}");
        }
    }
}
