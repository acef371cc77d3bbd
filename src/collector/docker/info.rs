//! What does not change while a container runs: its restart policy, and what its image is. Images are asked for beside the
//! polls, each once, and shown when their answers are there.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use tokio::sync::Notify;

use super::container::{Container, RunState};
use super::engine::{Endpoint, Engine, Image};
use crate::metric::{Families, metrics};
use parking_lot::Mutex;

metrics! {
    pub(super) fn metrics;
    INFO: gauge "container_info" ["name", "image", "image_id", "image_digest", "restart_policy"] Info,
        "What a container is made of: the id of its image, the digest by which registries know that (empty of one that \
         was built on the engine's machine), and the restart policy.", "inspect: Image, HostConfig.RestartPolicy; \
         GET /images/{id}/json: RepoDigests";
    IMAGE_CREATED: gauge "container_image_created_time_seconds" ["name", "image"] UnixSeconds,
        "When the image of the container was built.", "GET /images/{id}/json: Created";
}

/// The images of the containers, by id.
#[derive(Debug, Default)]
pub(super) struct Images {
    known: Mutex<Known>,
    wanted: Notify,
}

#[derive(Debug, Default)]
struct Known {
    images: HashMap<String, Arc<Image>>,
    wanted: Vec<String>,
}

/// What is known of images at a poll.
pub(super) type Seen = HashMap<String, Arc<Image>>;

impl Images {
    /// Those of the containers that are known; the others are asked for now. Where nothing may be asked, nothing is known of
    /// any of them.
    pub(super) fn of(&self, containers: &[Container], engine: &Engine) -> Seen {
        let of_containers = containers.iter().filter_map(|container| Some(&container.inspected.as_ref()?.image_id));
        let used: HashSet<&String> = of_containers.collect();
        if !engine.may(Endpoint::Image) {
            return used.into_iter().map(|id| (id.clone(), Arc::default())).collect();
        }
        let known = &mut *self.known.lock();
        known.images.retain(|id, _| used.contains(id));
        let is_missing = |id: &&&String| !id.is_empty() && !known.images.contains_key(**id);
        known.wanted = used.iter().filter(is_missing).map(|id| (*id).clone()).collect();
        if !known.wanted.is_empty() {
            self.wanted.notify_one();
        }
        known.images.clone()
    }

    /// Asks for what is wanted, one after the other, for ever.
    pub(super) async fn ask(&self, engine: &Engine) {
        loop {
            self.wanted.notified().await;
            while engine.may(Endpoint::Image) {
                let Some(id) = self.known.lock().wanted.pop() else { break };
                match engine.image(&id).await {
                    Ok(image) => drop(self.known.lock().images.insert(id, Arc::new(image))),
                    // It was removed, though the container is still there.
                    Err(error) if error.status == Some(404) => {
                        self.known.lock().images.insert(id, Arc::default());
                    }
                    // The next poll wants it again.
                    Err(error) => tracing::debug!(%error, "an image was not told"),
                }
            }
        }
    }
}

/// Names it.
pub(super) fn export(containers: &[Container], images: &Seen, out: &mut Families) {
    let is_there = |container: &&Container| container.state != RunState::Removed;
    for container in containers.iter().filter(is_there) {
        let Container { name, image, labels, inspected: Some(inspected), .. } = container else { continue };
        let Some(known) = images.get(&inspected.image_id) else { continue };
        let own = [name, image, inspected.image_id.as_str(), &known.digest, &inspected.restart_policy];
        out.push_with(&INFO, own, labels, 1.0);
        if let Some(created) = known.created.and_then(|created| created.duration_since(UNIX_EPOCH).ok()) {
            out.push_with(&IMAGE_CREATED, [name, image], labels, created.as_secs_f64());
        }
    }
}
