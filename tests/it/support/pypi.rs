//! What scripts/pypi.sh took from `PyPI`: clients with real pools and queues, and servers of other versions.

use std::path::PathBuf;

use super::missing;

/// Whether the test must be skipped because the environment is not there. Where `CI` is set that is a failure instead.
pub(crate) fn missing() -> bool {
    missing::unfetched("pypi", "pypi.txt")
}

/// Python with redis-py, django-redis, `channels_redis`, Celery and RQ.
pub(crate) fn python() -> PathBuf {
    folder().join("bin/python")
}

/// valkey-server 9.1.
pub(crate) fn valkey_9() -> PathBuf {
    folder().join("bin/valkey-server-9")
}

/// redis-server 6.2.
pub(crate) fn redis_6_2() -> PathBuf {
    folder().join("bin/redis-server-6.2")
}

fn folder() -> PathBuf {
    missing::fetched("pypi")
}
