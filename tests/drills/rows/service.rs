//! The service: killed, overloaded, cut off by its breaker, or half dead.

use std::time::Duration;

use super::{CONTAINERS, LONG, row};
use crate::row::Row;
use crate::stack::Parts;
use crate::support::wait::pause;

/// The engine starts the service again whenever it ends.
const RESTARTED: Parts = Parts { containers: Some([&[], &["--restart", "always"]]), ..CONTAINERS };

pub(crate) const ROWS: &[Row] = &[
    row("service killed", [1, 0, 0], "ServiceUnhealthy", 150, |drill| {
        drill.stack.site().kill_service();
        drill.wait(LONG);
        drill.stack.site().start_service_again();
    }),
    Row {
        parts: CONTAINERS,
        ..row("service killed, a container", [1, 0, 0], "ContainerDown", 150, |drill| {
            drill.stack.site().docker().cli(&["kill", "ticker"]);
            drill.wait(LONG);
            drill.stack.site().docker().cli(&["start", "ticker"]);
        })
        .quick()
    },
    row("health page dies, other endpoints live", [1, 0, 0], "Service", 240, |drill| {
        drill.stack.site().refuse(|path, _| path.starts_with("/health"));
        drill.wait(LONG);
        drill.stack.site().refuse(|_, _| false);
    })
    .quick(),
    row("breaker forced open", [1, 1, 0], "CircuitNotClosed", 210, |drill| {
        // What the service publishes is refused; its health check and the agent's canary are not.
        let channels = ["ACL", "SETUSER", "default", "resetchannels", "&health:check", "&manometer:canary"];
        drill.stack.site().redis().command::<()>(&channels);
        drill.wait(LONG);
        drill.stack.site().redis().command::<()>(&["ACL", "SETUSER", "default", "allchannels"]);
    }),
    row("overload that latches after a burst", [1, 1, 1], "BackpressureOverload", 400, |drill| {
        drill.stack.site().turn(r#"{"latch": true, "instruments": 5000}"#);
        // So long it takes to fill the buffer, at any scale.
        pause(Duration::from_secs(1));
        drill.stack.site().turn(r#"{"instruments": 100}"#);
        drill.wait(LONG);
        drill.stack.site().turn(r#"{"latch": false}"#);
    })
    .quick(),
    row("ticker overload, level 2", [0, 0, 1], "BackpressureCritical", 240, |drill| {
        drill.stack.site().turn(r#"{"instruments": 900}"#);
        drill.wait(LONG);
        drill.stack.site().turn(r#"{"instruments": 100}"#);
    }),
    Row {
        parts: RESTARTED,
        ..row("crash loop of a container", [1, 0, 0], "ContainerRestarting", 300, |drill| {
            drill.each(15, LONG, |stack| stack.site().crash());
        })
    },
];
