//! Outgoing connections, whatever is spoken over them: from a host's name to a stream, plain or TLS.
//!
//! Nothing here keeps time: the caller has one deadline for all of it.

pub mod resolve;
pub mod stream;
pub mod tls;
mod tls_settings;

pub use crate::config::{Endpoint, RedisUrl};
pub use crate::http::client::BaseUrl;
pub use tls_settings::TlsSettings;
