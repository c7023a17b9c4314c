//! Signed links to pictures on the page's own origin: `/media/{key}?e={end}&s={signature}`.
//!
//! The signature is the hex HMAC-SHA-256 of `{key}\n{end}` under a secret that only this function and the edge know; the edge checks it and
//! serves the object. The end is rounded up to the end of the next day, so that links stay equal for a day and browsers can cache them.

use ring::hmac;
use sightline_domain::model::{
    clock::{DAY_MILLIS, EpochMillis},
    layout::PROCESSED,
    percent,
};
use std::fmt::Write as _;

/// Signs links.
#[derive(Debug, Clone)]
pub struct MediaLinks(hmac::Key);

impl MediaLinks {
    /// Links under `secret`.
    pub fn new(secret: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }

    /// The link to a picture; `None` if the key is not below `processed/`, as of a withheld image.
    pub fn link(&self, key: &str, now: EpochMillis) -> Option<String> {
        key.starts_with(PROCESSED).then(|| {
            let end = end(now);
            format!("/media/{}?e={end}&s={}", percent::encode(key), self.signature(key, end))
        })
    }

    fn signature(&self, key: &str, end: i64) -> String {
        let tag = hmac::sign(&self.0, format!("{key}\n{end}").as_bytes());
        tag.as_ref().iter().fold(String::new(), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// The end of the next day, epoch seconds: links are valid for one to two days.
fn end(now: EpochMillis) -> i64 {
    (now.div_euclid(DAY_MILLIS) + 2) * (DAY_MILLIS / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: EpochMillis = 1_795_513_267_123; // 2026-11-24T09:41:07.123Z

    #[test]
    fn a_link_is_signed_and_equal_for_a_whole_day() {
        let links = MediaLinks::new("0123456789abcdef0123456789abcdef");
        let link = links.link("processed/an-id/thumbnail.jpg", NOW).unwrap();
        // `printf 'processed/an-id/thumbnail.jpg\n1795651200' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef`
        let signature = "90215ddfce89840a4214816e1f6a98d030ef66ff20871055241e3004de09d316";
        assert_eq!(link, format!("/media/processed/an-id/thumbnail.jpg?e=1795651200&s={signature}"));
        assert_eq!(links.link("processed/an-id/thumbnail.jpg", NOW + 3_600_000), Some(link.clone()));
        assert_ne!(links.link("processed/an-id/thumbnail.jpg", NOW + DAY_MILLIS), Some(link.clone()));
        assert_ne!(MediaLinks::new("another secret of 32 characters.").link("processed/an-id/thumbnail.jpg", NOW), Some(link));
    }

    #[test]
    fn only_processed_pictures_have_links() {
        let links = MediaLinks::new("secret");
        for key in ["archived/an-id/thumbnail.jpg", "raw-uploads/a.jpg", "results/an-id/labels.json", ""] {
            assert_eq!(links.link(key, NOW), None, "{key}");
        }
    }
}
