//! An SDK interceptor that counts calls, their time, retries and throttles.

use crate::classify::is_throttled;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef},
            dyn_dispatch_hint,
        },
        retries::RequestAttempts,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use sightline_domain::model::CallMeter;
use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Instant,
};

/// The interceptor; it counts in a meter.
#[derive(Debug, Clone)]
pub(crate) struct Metering(pub CallMeter);

/// Measures the time of one call. The time also counts if the call is dropped, for example at the deadline of the function.
#[derive(Debug)]
struct CallTimer {
    meter: CallMeter,
    since: Instant,
    has_ended: AtomicBool,
}

impl Storable for CallTimer {
    type Storer = StoreReplace<Self>;
}

impl CallTimer {
    fn end(&self) {
        if !self.has_ended.swap(true, Relaxed) {
            self.meter.add_time(self.since.elapsed());
        }
    }
}

impl Drop for CallTimer {
    fn drop(&mut self) {
        self.end();
    }
}

#[dyn_dispatch_hint]
impl Intercept for Metering {
    fn name(&self) -> &'static str {
        "Metering"
    }

    fn read_before_execution(&self, _: &BeforeSerializationInterceptorContextRef<'_>, config: &mut ConfigBag) -> Result<(), BoxError> {
        let timer = CallTimer { meter: self.0.clone(), since: Instant::now(), has_ended: AtomicBool::new(false) };
        config.interceptor_state().store_put(timer);
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.count_attempt(config.load::<RequestAttempts>().is_none_or(|attempts| attempts.attempts() <= 1));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.response().is_some_and(is_throttled) {
            self.0.count_throttle();
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(timer) = config.load::<CallTimer>() {
            timer.end();
        }
        Ok(())
    }
}
