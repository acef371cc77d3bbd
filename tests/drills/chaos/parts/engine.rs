//! A Docker engine and its containers.

use super::super::Scene;
use super::super::plan::{About, Kind, Needs};
use super::super::truth::Is;
use crate::support::docker::Docker;

/// An engine with a container that is disturbed, and one that only has the engine's troubles.
pub(crate) struct Engine(Docker);

impl Engine {
    pub(crate) const NAME: &'static str = "engine";
    /// The containers, by their names in the truth too.
    pub(crate) const WEB: &'static str = "web";
    pub(crate) const WORKER: &'static str = "worker";

    pub(crate) fn start() -> Self {
        // Containers outlive an engine that is killed.
        let docker = Docker::builder().argument("--live-restore").start();
        for name in [Self::WEB, Self::WORKER] {
            docker.run_script(name, &[], "while :; do echo tick; sleep 1; done");
        }
        Self(docker)
    }

    pub(crate) fn table(&self) -> String {
        self.0.target(Self::NAME, &format!("containers = [\"{}\", \"{}\"]", Self::WEB, Self::WORKER))
    }
}

const fn about(name: &'static str, pages: Option<&'static str>) -> About {
    About { name, longest: 40, pages, may: &["ContainerDown", "ContainerRestarting"], needs: Needs::Nothing }
}

/// What is known of the containers while the engine does not answer is what was known before.
fn away(scene: &Scene<'_>, what: impl FnOnce()) {
    for container in [Engine::WEB, Engine::WORKER] {
        scene.truth.set(container, Is::Unknown);
    }
    scene.truth.make(Engine::NAME, Is::Down, what);
}

fn back(scene: &Scene<'_>, what: impl FnOnce()) {
    scene.truth.make(Engine::NAME, Is::Up, what);
    for container in [Engine::WEB, Engine::WORKER] {
        scene.truth.set(container, Is::Up);
    }
}

pub(crate) const KINDS: &[Kind<Engine>] = &[
    Kind {
        about: about("a container is paused", Some("ContainerDown")),
        begin: |engine, scene| {
            scene.truth.make(Engine::WEB, Is::Down, || {
                engine.0.cli(&["pause", Engine::WEB]);
            });
        },
        heal: |engine, scene| {
            scene.truth.make(Engine::WEB, Is::Up, || {
                engine.0.cli(&["unpause", Engine::WEB]);
            });
        },
    },
    Kind {
        about: about("a container is killed", Some("ContainerDown")),
        begin: |engine, scene| {
            scene.truth.ended(Engine::WEB);
            engine.0.cli(&["kill", Engine::WEB]);
            scene.truth.set(Engine::WEB, Is::Down);
        },
        heal: |engine, scene| {
            scene.truth.make(Engine::WEB, Is::Up, || {
                engine.0.cli(&["start", Engine::WEB]);
            });
        },
    },
    Kind {
        about: About { longest: 0, ..about("a container is restarted", None) },
        begin: |engine, scene| {
            scene.truth.ended(Engine::WEB);
            engine.0.cli(&["restart", "--time", "0", Engine::WEB]);
            scene.truth.set(Engine::WEB, Is::Up);
        },
        heal: |_, _| {},
    },
    Kind {
        about: about("the engine is stopped (SIGSTOP)", None),
        begin: |engine, scene| away(scene, || engine.0.freeze()),
        heal: |engine, scene| back(scene, || engine.0.thaw()),
    },
    Kind {
        about: about("the engine is killed, and started again", None),
        begin: |engine, scene| away(scene, || engine.0.kill()),
        heal: |engine, scene| back(scene, || engine.0.start_again()),
    },
];
