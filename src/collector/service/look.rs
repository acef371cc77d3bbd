//! A look at what a service says without watching it: for the commands that try a mapping.

use std::time::{Duration, Instant, SystemTime};

use super::derive::Derive;
use super::fetch::{self, Verdict};
use super::merge::{self, EndpointReport};
use super::pass_through::Passing;
use super::{Snapshot, settings};
use crate::collector::PollError;
use crate::collector::service::ServiceTarget;
use crate::http::client::Client;
use crate::mapping::{Body, Idle, Mapping, Miss, evaluate};

/// What a look at one endpoint came to.
#[derive(Debug)]
pub enum Look {
    /// A body that a poll would take.
    Useful(Body),
    /// Why a poll would take nothing of it.
    Failed(PollError),
    /// It was not asked: the endpoint (an index) that it is a fallback of has answered.
    Spared(usize),
}

impl Snapshot {
    /// What a poll that got these bodies would export, and the misses that it would count. `bodies` are in the order of
    /// the mapping's endpoints.
    #[must_use]
    pub fn of_bodies(mapping: &Mapping, bodies: &[Option<Body>], window: Duration) -> (Self, Vec<Miss>) {
        let report = |(index, body): (usize, &Option<Body>)| {
            let evaluation = evaluate(mapping, index, &body.as_ref()?.tree);
            Some(EndpointReport::new(evaluation))
        };
        let reports: Vec<Option<EndpointReport>> = bodies.iter().enumerate().map(report).collect();
        let reports: Vec<Option<&EndpointReport>> = reports.iter().map(Option::as_ref).collect();
        let misses = merge::standing(mapping, &reports).into_iter().cloned().collect();
        let mut idle = Idle::default();
        idle.update(mapping, &merge::evaluations(&reports));
        let samples = merge::merge(mapping, &reports, &idle);
        let derived = Derive::new(window).observe(&samples, Instant::now());
        let pass_through = mapping
            .endpoints
            .iter()
            .zip(bodies)
            .filter_map(|(endpoint, body)| Some((endpoint.name.clone(), Passing::of(endpoint, body.as_ref()?))))
            .filter(|(_, passing)| !passing.is_empty())
            .collect();
        (Self { samples, derived, pass_through, max_connections: None }, misses)
    }
}

/// Fetches the endpoints with these indices once, one after the other, as a poll does: a fallback only if what it
/// replaces gave nothing. Each has its own time limit.
pub async fn look(target: &ServiceTarget, endpoints: &[usize]) -> Vec<(usize, Look)> {
    let mut client = Client::new(&target.url, settings(target));
    let mut looks: Vec<(usize, Look)> = Vec::new();
    for &index in endpoints {
        let endpoint = &target.mapping.endpoints[index];
        let answered =
            |primary: usize| looks.iter().any(|(at, look)| *at == primary && matches!(look, Look::Useful(_)));
        if let Some(primary) = endpoint.fallback_of.filter(|primary| answered(*primary)) {
            looks.push((index, Look::Spared(primary)));
            continue;
        }
        let fetched = fetch::get(&mut client, &target.url, &endpoint.path, endpoint.timeout).await;
        let verdict =
            fetched.map(|response| fetch::judge(endpoint, &target.url.to_string(), &response, SystemTime::now()));
        looks.push((
            index,
            match verdict {
                Ok(Verdict::Useful(body, _)) => Look::Useful(body),
                Ok(Verdict::Stale(error, _) | Verdict::Absent(error) | Verdict::Failed(error)) | Err(error) => {
                    Look::Failed(error)
                }
            },
        ));
    }
    looks
}
