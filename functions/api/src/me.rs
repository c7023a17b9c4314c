//! Who is signed in.

use crate::{
    caller::Caller,
    deployment::{Deployment, State},
    types::me::{Limits, Me},
    uploads::{MAX_FILES, MIN_SIDE, TYPES},
};
use axum::Json;

/// Says who is signed in, in which groups, and what uploads may be.
#[utoipa::path(get, path = "/api/me", operation_id = "getMe", tag = "me", responses((status = 200, description = "The caller.", body = Me)))]
pub async fn me<D: Deployment>(api: State<D>, caller: Caller) -> Json<Me> {
    Json(Me {
        sub: caller.sub,
        groups: caller.groups.into_iter().collect(),
        limits: Limits {
            max_bytes: api.settings.max_bytes,
            max_pixels: api.settings.max_pixels,
            min_side: MIN_SIDE,
            types: TYPES.iter().map(|(name, _)| (*name).to_owned()).collect(),
            max_files_per_request: MAX_FILES,
        },
    })
}
