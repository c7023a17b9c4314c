//! The decoded photos of the last calls, because several operations usually analyse the same photo one after the other.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use image::RgbImage;
use sightline_vision::Photo;

use crate::error::ApiError;

/// Memory for the pixels of all kept photos. A photo of 1600×1200 pixels takes 6 MB, the largest that the models get takes 13 MB.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Keeps photos by the content of their files, so a new version of an object is a new photo.
#[derive(Debug, Default)]
pub struct Photos {
    /// Their keys depend on it, so that nobody can make two files with the same key.
    secrets: [RandomState; 2],
    /// The one used last comes last.
    kept: Mutex<VecDeque<(Key, Arc<Photo>)>>,
}

/// Length and 128 bits of hash.
type Key = (usize, [u64; 2]);

impl Photos {
    /// The photo of these file bytes, with what earlier operations found in it; decoded only if it is not kept.
    ///
    /// # Errors
    /// Those of `decode`.
    pub fn get_or_decode(&self, bytes: &[u8], decode: impl FnOnce() -> Result<RgbImage, ApiError>) -> Result<Arc<Photo>, ApiError> {
        let key = (bytes.len(), self.secrets.each_ref().map(|secret| secret.hash_one(bytes)));
        if let Some(photo) = self.find(key) {
            return Ok(photo);
        }
        let photo = Arc::new(Photo::new(decode()?));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((key, Arc::clone(&photo)));
        let size = |kept: &VecDeque<(Key, Arc<Photo>)>| kept.iter().map(|(_, photo)| photo.pixels().len()).sum::<usize>();
        while size(&kept) > MAX_BYTES {
            kept.pop_front();
        }
        Ok(photo)
    }

    fn find(&self, key: Key) -> Option<Arc<Photo>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(other, _)| *other == key)?;
        let found = kept.remove(at)?;
        let photo = Arc::clone(&found.1);
        kept.push_back(found);
        Some(photo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(megabytes: u32) -> RgbImage {
        RgbImage::new(1024, megabytes * 1024 / 3)
    }

    #[test]
    fn the_same_file_is_decoded_once_and_another_one_for_itself() {
        let photos = Photos::default();
        let first = photos.get_or_decode(b"a", || Ok(picture(1))).unwrap();
        let again = photos.get_or_decode(b"a", || panic!("decoded twice")).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        assert!(!Arc::ptr_eq(&first, &photos.get_or_decode(b"b", || Ok(picture(1))).unwrap()));
    }

    #[test]
    fn a_failure_is_not_kept() {
        let photos = Photos::default();
        assert!(photos.get_or_decode(b"a", || Err(ApiError::invalid_format("the image is damaged"))).is_err());
        assert!(photos.get_or_decode(b"a", || Ok(picture(1))).is_ok());
    }

    #[test]
    fn the_photos_used_last_stay_within_the_memory_limit() {
        let photos = Photos::default();
        for name in [b"a", b"b", b"a", b"c"] {
            photos.get_or_decode(name, || Ok(picture(30))).unwrap();
        }
        assert!(photos.get_or_decode(b"a", || panic!("a was used after b")).is_ok());
        let mut decoded = false;
        photos
            .get_or_decode(b"b", || {
                decoded = true;
                Ok(picture(1))
            })
            .unwrap();
        assert!(decoded);
    }
}
