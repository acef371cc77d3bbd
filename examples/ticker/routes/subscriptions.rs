//! `/subscriptions`, and the pool of upstream connections that would carry them.

use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use super::{Answer, json, refusal};
use crate::json::object;
use crate::service::Shared;
use crate::source::{Instrument, Mode};

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;
/// Instruments that one upstream connection carries.
const CAPACITY: usize = 1_000;

fn subscription(instrument: &Instrument) -> impl Serialize {
    object! {
        instrument_token: instrument.token,
        tradingsymbol: &*instrument.symbol,
        requested_mode: instrument.mode,
        status: "active",
    }
}

#[derive(Deserialize)]
struct NewSubscription {
    instrument_token: u32,
    #[serde(default)]
    requested_mode: Mode,
}

/// `?limit=100&offset=0`
pub(super) fn list(shared: &Shared, query: &str) -> Answer {
    match page(query) {
        Ok((limit, offset)) => {
            let registry = shared.registry();
            let page = registry.page(limit, offset).iter().map(subscription);
            json(StatusCode::OK, &page.collect::<Vec<_>>())
        }
        Err(detail) => refusal(StatusCode::UNPROCESSABLE_ENTITY, &detail),
    }
}

/// The limit and the offset.
fn page(query: &str) -> Result<(usize, usize), String> {
    let (mut limit, mut offset) = (DEFAULT_LIMIT, 0);
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*key {
            "limit" => limit = value.parse().map_err(|_| "limit must be a whole number".to_owned())?,
            "offset" => offset = value.parse().map_err(|_| "offset must be 0 or more".to_owned())?,
            _ => {}
        }
    }
    if (1..=MAX_LIMIT).contains(&limit) {
        Ok((limit, offset))
    } else {
        Err(format!("limit must be from 1 to {MAX_LIMIT}"))
    }
}

/// Adds an instrument, or changes the mode of one that is there.
pub(super) fn add(shared: &Shared, body: &[u8]) -> Answer {
    let new: NewSubscription = match serde_json::from_slice(body) {
        Ok(new) => new,
        Err(error) => return refusal(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
    };
    match shared.registry().subscribe(new.instrument_token, new.requested_mode) {
        Some(instrument) => json(StatusCode::CREATED, &subscription(&instrument)),
        None => refusal(StatusCode::UNPROCESSABLE_ENTITY, "there is no room for another instrument"),
    }
}

pub(super) fn remove(shared: &Shared, token: &str) -> Answer {
    match token.parse() {
        Ok(token) if shared.registry().unsubscribe(token) => {
            json(StatusCode::OK, &object! { instrument_token: token, status: "inactive" })
        }
        Ok(_) => refusal(StatusCode::NOT_FOUND, "no such subscription"),
        Err(_) => refusal(StatusCode::UNPROCESSABLE_ENTITY, "an instrument token is a whole number"),
    }
}

/// `GET /advanced/websocket-pool/stats`
pub(super) fn pool(shared: &Shared) -> Answer {
    let registry = shared.registry();
    let (subscriptions, unsubscriptions) = (registry.subscriptions, registry.unsubscriptions);
    json(StatusCode::OK, &pool_of(registry.len(), subscriptions, unsubscriptions))
}

/// The connections that so many tokens need: full ones and the last one, and one at least.
fn pool_of(tokens: usize, subscriptions: u64, unsubscriptions: u64) -> impl Serialize {
    let count = tokens.div_ceil(CAPACITY).max(1);
    let connections = (0..count).map(|id| connection(id, tokens.saturating_sub(id * CAPACITY).min(CAPACITY)));
    let account = object! {
        account_id: "primary",
        total_connections: count,
        total_target_tokens: tokens,
        total_subscribed_tokens: tokens,
        max_instruments_per_connection: CAPACITY,
        total_capacity: count * CAPACITY,
        connections: connections.collect::<Vec<_>>(),
        statistics: object! {
            total_connections_created: count,
            total_subscriptions: subscriptions,
            total_unsubscriptions: unsubscriptions,
        },
    };
    object! {
        total_accounts: 1,
        accounts: object! { primary: account },
        note: "The source is made up: the connections are those that its instruments would need",
    }
}

fn connection(id: usize, tokens: usize) -> impl Serialize {
    object! {
        connection_id: id,
        connected: true,
        subscribed_tokens: tokens,
        capacity: CAPACITY,
        available_capacity: CAPACITY - tokens,
        utilization_percent: tokens as f64 * 100.0 / CAPACITY as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::text;

    #[test]
    fn a_page_is_within_bounds() {
        assert_eq!(page(""), Ok((100, 0)));
        assert_eq!(page("limit=1000&offset=20&other=x"), Ok((1_000, 20)));
        assert_eq!(page("limit=1001"), Err("limit must be from 1 to 1000".to_owned()));
        assert_eq!(page("limit=0"), Err("limit must be from 1 to 1000".to_owned()));
        assert_eq!(page("limit=ten"), Err("limit must be a whole number".to_owned()));
        assert_eq!(page("offset=-1"), Err("offset must be 0 or more".to_owned()));
    }

    #[test]
    fn the_pool_is_this() {
        let expected = concat!(
            r#"{"total_accounts":1,"accounts":{"primary":{"account_id":"primary","total_connections":2,"#,
            r#""total_target_tokens":1255,"total_subscribed_tokens":1255,"max_instruments_per_connection":1000,"#,
            r#""total_capacity":2000,"connections":["#,
            r#"{"connection_id":0,"connected":true,"subscribed_tokens":1000,"capacity":1000,"available_capacity":0,"utilization_percent":100.0},"#,
            r#"{"connection_id":1,"connected":true,"subscribed_tokens":255,"capacity":1000,"available_capacity":745,"utilization_percent":25.5}],"#,
            r#""statistics":{"total_connections_created":2,"total_subscriptions":1300,"total_unsubscriptions":45}}},"#,
            r#""note":"The source is made up: the connections are those that its instruments would need"}"#
        );
        assert_eq!(text(&pool_of(1_255, 1_300, 45)), expected);
        let none = &serde_json::to_value(pool_of(0, 0, 0)).unwrap()["accounts"]["primary"];
        assert_eq!((&none["total_connections"], &none["connections"][0]["subscribed_tokens"]), (&1.into(), &0.into()));
    }
}
