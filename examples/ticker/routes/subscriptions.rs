//! `/subscriptions`, and the pool of upstream connections that would carry them.

use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use super::{Answer, json, refusal};
use crate::service::Shared;
use crate::source::{Instrument, Mode};

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;
/// Instruments that one upstream connection carries.
const CAPACITY: usize = 1_000;

#[derive(Serialize)]
struct Subscription<'a> {
    instrument_token: u32,
    tradingsymbol: &'a str,
    requested_mode: Mode,
    status: &'static str,
}

impl<'a> From<&'a Instrument> for Subscription<'a> {
    fn from(instrument: &'a Instrument) -> Self {
        Self {
            instrument_token: instrument.token,
            tradingsymbol: &instrument.symbol,
            requested_mode: instrument.mode,
            status: "active",
        }
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
            let page: Vec<Subscription<'_>> = registry.page(limit, offset).iter().map(Into::into).collect();
            json(StatusCode::OK, &page)
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
        Some(instrument) => json(StatusCode::CREATED, &Subscription::from(&instrument)),
        None => refusal(StatusCode::UNPROCESSABLE_ENTITY, "there is no room for another instrument"),
    }
}

pub(super) fn remove(shared: &Shared, token: &str) -> Answer {
    match token.parse() {
        Ok(token) if shared.registry().unsubscribe(token) => {
            json(StatusCode::OK, &serde_json::json!({ "instrument_token": token, "status": "inactive" }))
        }
        Ok(_) => refusal(StatusCode::NOT_FOUND, "no such subscription"),
        Err(_) => refusal(StatusCode::UNPROCESSABLE_ENTITY, "an instrument token is a whole number"),
    }
}

#[derive(Serialize)]
struct Pool {
    total_accounts: usize,
    accounts: Accounts,
    note: &'static str,
}

#[derive(Serialize)]
struct Accounts {
    primary: Account,
}

#[expect(clippy::struct_field_names, reason = "the names of the keys")]
#[derive(Serialize)]
struct Account {
    account_id: &'static str,
    total_connections: usize,
    total_target_tokens: usize,
    total_subscribed_tokens: usize,
    max_instruments_per_connection: usize,
    total_capacity: usize,
    connections: Vec<Connection>,
    statistics: Statistics,
}

#[expect(clippy::struct_field_names, reason = "the names of the keys")]
#[derive(Serialize)]
struct Connection {
    connection_id: usize,
    connected: bool,
    subscribed_tokens: usize,
    capacity: usize,
    available_capacity: usize,
    utilization_percent: f64,
}

#[expect(clippy::struct_field_names, reason = "the names of the keys")]
#[derive(Serialize)]
struct Statistics {
    total_connections_created: u64,
    total_subscriptions: u64,
    total_unsubscriptions: u64,
}

/// `GET /advanced/websocket-pool/stats`
pub(super) fn pool(shared: &Shared) -> Answer {
    let registry = shared.registry();
    let (subscriptions, unsubscriptions) = (registry.subscriptions, registry.unsubscriptions);
    json(StatusCode::OK, &Pool::of(registry.len(), subscriptions, unsubscriptions))
}

impl Pool {
    /// The connections that so many tokens need: full ones and the last one, and one at least.
    fn of(tokens: usize, total_subscriptions: u64, total_unsubscriptions: u64) -> Self {
        let count = tokens.div_ceil(CAPACITY).max(1);
        let connections = (0..count).map(|id| Connection::of(id, tokens.saturating_sub(id * CAPACITY).min(CAPACITY)));
        let account = Account {
            account_id: "primary",
            total_connections: count,
            total_target_tokens: tokens,
            total_subscribed_tokens: tokens,
            max_instruments_per_connection: CAPACITY,
            total_capacity: count * CAPACITY,
            connections: connections.collect(),
            statistics: Statistics {
                total_connections_created: count as u64,
                total_subscriptions,
                total_unsubscriptions,
            },
        };
        let note = "The source is made up: the connections are those that its instruments would need";
        Self { total_accounts: 1, accounts: Accounts { primary: account }, note }
    }
}

impl Connection {
    fn of(connection_id: usize, subscribed_tokens: usize) -> Self {
        Self {
            connection_id,
            connected: true,
            subscribed_tokens,
            capacity: CAPACITY,
            available_capacity: CAPACITY - subscribed_tokens,
            utilization_percent: subscribed_tokens as f64 * 100.0 / CAPACITY as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(serde_json::to_string(&Pool::of(1_255, 1_300, 45)).unwrap(), expected);
        let none = Pool::of(0, 0, 0).accounts.primary;
        assert_eq!((none.total_connections, none.connections[0].subscribed_tokens), (1, 0));
    }
}
