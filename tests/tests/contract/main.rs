//! The contract of the ports: every case runs against the fakes of this package, and against the adapters of `sightline-aws` over the local
//! DynamoDB and S3, so that a fake cannot drift away from its adapter.
//!
//! Each module has its cases twice: `in_memory` needs nothing; `on_local_stack` needs the local stack, like the end-to-end tests. `api_reads`
//! has one test, on the local stack: it counts what the API reads.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

/// Makes two tests of each case: one over the fakes, and one over fresh tables and a fresh bucket of the local stack.
macro_rules! cases {
    ($store:ident: $($case:ident,)+) => {
        mod in_memory {
            $(
                #[test]
                fn $case() {
                    sightline_tests::ready(super::$case(&crate::store::Memory::default()));
                }
            )+
        }

        mod on_local_stack {
            $(
                #[test]
                fn $case() {
                    crate::store::on_local_stack(&crate::store::Local::$store, &async |store| super::$case(store).await);
                }
            )+
        }
    };
}

mod counters;
mod erasure;
mod gallery;
mod import_source;
mod label_index;
mod objects;
mod overlays;
mod records;
mod reviews;
mod store;
mod uploads;
mod work_queues;

mod api_reads;

#[path = "../local_stack/mod.rs"]
mod local_stack;
