//! The mappings that are shipped: text in the mapping's own language, which a user can print and extend.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use crate::Mapping;
use crate::read::parse;
use reader::ConfigError;

/// A shipped mapping.
#[derive(Debug)]
pub struct Profile {
    /// Its name in `profile = "..."`.
    pub name: &'static str,
    /// Its TOML.
    pub text: &'static str,
    /// What the text says, once somebody has asked.
    mapping: OnceLock<Arc<Mapping>>,
}

/// Every shipped mapping, by name.
pub static PROFILES: [Profile; 8] = [
    shipped("cache-api", include_str!("profiles/cache-api.toml")),
    shipped("health", include_str!("profiles/health.toml")),
    shipped("load", include_str!("profiles/load.toml")),
    shipped("nginx", include_str!("profiles/nginx.toml")),
    shipped("pool", include_str!("profiles/pool.toml")),
    shipped("rabbitmq", include_str!("profiles/rabbitmq.toml")),
    shipped("ticker", include_str!("profiles/ticker.toml")),
    shipped("websocket", include_str!("profiles/websocket.toml")),
];

const fn shipped(name: &'static str, text: &'static str) -> Profile {
    Profile { name, text, mapping: OnceLock::new() }
}

impl Profile {
    /// What its text says: read once, and shared by all services that use it.
    pub fn mapping(&self) -> Result<Arc<Mapping>, ConfigError> {
        if let Some(mapping) = self.mapping.get() {
            return Ok(Arc::clone(mapping));
        }
        let mapping = parse(self.text, Path::new(self.name), &Arc::default())?;
        Ok(Arc::clone(self.mapping.get_or_init(|| mapping)))
    }
}

/// The profile of that name; the error lists those that there are.
pub fn find(name: &str) -> Result<&'static Profile, String> {
    PROFILES.iter().find(|profile| profile.name == name).ok_or_else(|| {
        let names: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
        format!("is not a profile; there are {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_read_once() {
        let load = find("load").unwrap();
        assert!(Arc::ptr_eq(&load.mapping().unwrap(), &load.mapping().unwrap()));
    }

    #[test]
    fn a_profile_is_found_by_name() {
        assert!(find("ticker").unwrap().text.contains("/advanced/backpressure/metrics"));
        let message = "is not a profile; there are cache-api, health, load, nginx, pool, rabbitmq, ticker, websocket";
        assert_eq!(find("tikcer").unwrap_err(), message);
    }
}
