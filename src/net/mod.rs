//! How a server is reached, whatever is spoken there: its address, its settings, the connection and its limits.
//!
//! * [`Endpoint`], [`RedisUrl`], [`MongoUrl`], [`BaseUrl`]: addresses as people write them, all held to one set of security checks
//! * [`TlsSettings`], [`headers`]: what a configuration sets
//! * [`dial`](dial::dial): name resolution, TCP or unix socket, TLS; [`descriptors`]: which of them it may have
//! * [`Watched`], [`Budget`]: what a stream may bring, and who is told
//! * [`Room`], [`Share`]: what of it the process holds at a time
//! * [`Kept`], [`Credential`]: what files hold, read again when they change; [`Blocking`]: work that may hang
//! * [`Backoff`]: the pauses between attempts
//!
//! Nothing here keeps time: the caller has one deadline for all of it. And nothing here names a part of the agent above it.

mod backoff;
mod base_url;
mod blocking;
mod credential;
pub mod descriptors;
pub mod dial;
mod endpoint;
pub mod headers;
mod kept;
mod mongo_url;
pub mod pem;
mod redis_query;
mod redis_url;
pub mod resolve;
mod room;
pub mod tls;
mod tls_settings;
mod url_checks;
mod watched;

pub use backoff::{Backoff, jittered, lengthened};
pub use base_url::BaseUrl;
pub use blocking::Blocking;
pub use credential::Credential;
pub use dial::Reached;
pub use endpoint::Endpoint;
pub use kept::Kept;
pub use mongo_url::{MECHANISMS, MongoUrl, mechanism};
pub use redis_url::RedisUrl;
pub use room::{Room, Share, TooLarge};
pub use tls_settings::{Fingerprint, TlsSettings};
pub use watched::{Budget, Watch, Watched};
