//! The mappings that are shipped: text in the mapping's own language, which a user can print and extend.

/// A shipped mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Its name in `profile = "..."`.
    pub name: &'static str,
    /// Its TOML.
    pub text: &'static str,
}

/// Every shipped mapping, by name.
pub const PROFILES: [Profile; 6] = [
    Profile { name: "cache-api", text: include_str!("profiles/cache-api.toml") },
    Profile { name: "health", text: include_str!("profiles/health.toml") },
    Profile { name: "load", text: include_str!("profiles/load.toml") },
    Profile { name: "pool", text: include_str!("profiles/pool.toml") },
    Profile { name: "ticker", text: include_str!("profiles/ticker.toml") },
    Profile { name: "websocket", text: include_str!("profiles/websocket.toml") },
];

/// The profile of that name; the error names those that there are.
pub fn find(name: &str) -> Result<Profile, String> {
    PROFILES.into_iter().find(|profile| profile.name == name).ok_or_else(|| {
        let names: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
        format!("is no profile; there are {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_found_by_name() {
        assert!(find("ticker").unwrap().text.contains("/advanced/backpressure/metrics"));
        let message = "is no profile; there are cache-api, health, load, pool, ticker, websocket";
        assert_eq!(find("tikcer").unwrap_err(), message);
    }
}
