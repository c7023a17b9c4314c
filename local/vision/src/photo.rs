//! A photo, with the intermediate results that several analyses need.

use std::sync::{Arc, Mutex, PoisonError};

use image::RgbImage;

use crate::label::Objects;
use crate::runtime::VisionError;
use crate::text::Regions;

/// An upright RGB photo of any size. It keeps what one analysis found and another needs too, so analyse one value several times instead of
/// creating a new one: moderation asks for the objects that the labels are made of, and reading text begins where the check for text ended.
#[derive(Debug)]
pub struct Photo {
    pixels: RgbImage,
    pub(crate) objects: Shared<Objects>,
    pub(crate) regions: Shared<Regions>,
}

impl Photo {
    /// A photo that was not analysed yet.
    pub fn new(pixels: RgbImage) -> Self {
        Self { pixels, objects: Shared::default(), regions: Shared::default() }
    }

    /// The pixels.
    pub fn pixels(&self) -> &RgbImage {
        &self.pixels
    }
}

/// A result that is made once. Threads that need it at the same time wait for the first one.
#[derive(Debug)]
pub(crate) struct Shared<T>(Mutex<Option<Arc<T>>>);

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Shared<T> {
    /// The result, made now unless it exists. A failure is not kept.
    pub fn get_or_make(&self, make: impl FnOnce() -> Result<T, VisionError>) -> Result<Arc<T>, VisionError> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = slot.as_ref() {
            return Ok(Arc::clone(made));
        }
        let made = Arc::new(make()?);
        *slot = Some(Arc::clone(&made));
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_result_is_made_once_and_a_failure_is_tried_again() {
        let shared = Shared::default();
        assert!(shared.get_or_make(|| Err(VisionError::UnexpectedShape { model: "any" })).is_err());
        assert_eq!(*shared.get_or_make(|| Ok(1)).unwrap(), 1);
        assert_eq!(*shared.get_or_make(|| Ok(2)).unwrap(), 1);
    }
}
