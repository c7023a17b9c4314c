//! An SDK interceptor that counts calls, their time, retries and throttles.

use crate::classify::throttled;
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
use sightline_domain::model::meter::CallMeter;
use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Instant,
};

/// Counts into a meter.
#[derive(Debug, Clone)]
pub(crate) struct Metering(pub CallMeter);

/// A call under way. Its time counts when it ends, also where nobody waits for the end any more: a call that is cut off at the
/// function's deadline is the very one that took the time.
#[derive(Debug)]
struct UnderWay {
    meter: CallMeter,
    since: Instant,
    over: AtomicBool,
}

impl Storable for UnderWay {
    type Storer = StoreReplace<Self>;
}

impl UnderWay {
    fn end(&self) {
        if !self.over.swap(true, Relaxed) {
            self.meter.took(self.since.elapsed());
        }
    }
}

impl Drop for UnderWay {
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
        let under_way = UnderWay { meter: self.0.clone(), since: Instant::now(), over: AtomicBool::new(false) };
        config.interceptor_state().store_put(under_way);
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.sent(config.load::<RequestAttempts>().is_none_or(|attempts| attempts.attempts() <= 1));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.response().is_some_and(throttled) {
            self.0.throttled();
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(call) = config.load::<UnderWay>() {
            call.end();
        }
        Ok(())
    }
}
