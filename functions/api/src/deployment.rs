//! What the handlers work with: the ports of a deployment, on AWS or in memory.

use crate::{media::MediaLinks, settings::Settings};
use secrecy::ExposeSecret;
use sightline_domain::{
    flows::erase::Eraser,
    model::clock::{Clock, Pause},
    ports::{
        Counters, ExecutionOperations, Executions, Gallery, Interventions, LabelIndex, Links, Objects, Overlays, Records, ReviewLeases,
        Uploads, WorkQueues,
    },
};
use std::sync::Arc;

/// The adapters of a deployment.
pub trait Deployment: 'static {
    /// The tables.
    type Tables: Records + LabelIndex + Counters + WorkQueues + Gallery + Overlays + ReviewLeases + Interventions + Clone + Send + Sync;
    /// The bucket.
    type Objects: Objects + Uploads + Links + Clone + Send + Sync;
    /// The executions.
    type Executions: Executions + ExecutionOperations + Clone + Send + Sync;
    /// The clock.
    type Clock: Clock + Pause + Clone + Send + Sync;
}

/// The adapters and settings that every handler uses.
pub struct Api<D: Deployment> {
    /// The tables.
    pub tables: D::Tables,
    /// The bucket.
    pub objects: D::Objects,
    /// The executions.
    pub executions: D::Executions,
    /// The clock.
    pub clock: D::Clock,
    /// The settings.
    pub settings: Settings,
    /// Signs links to pictures.
    pub links: MediaLinks,
}

/// The state of the router.
pub type State<D> = axum::extract::State<Arc<Api<D>>>;

impl<D: Deployment> Api<D> {
    /// An API over these adapters.
    pub fn new(settings: Settings, tables: D::Tables, objects: D::Objects, executions: D::Executions, clock: D::Clock) -> Self {
        let links = MediaLinks::new(settings.media_secret.expose_secret());
        Self { tables, objects, executions, clock, settings, links }
    }

    /// Erases images as `sightline erase` does.
    pub fn eraser(&self) -> Eraser<D::Tables, D::Objects, D::Executions, D::Clock> {
        Eraser {
            bucket: self.settings.images_bucket.clone(),
            tables: self.tables.clone(),
            objects: self.objects.clone(),
            executions: self.executions.clone(),
            clock: self.clock.clone(),
        }
    }
}
