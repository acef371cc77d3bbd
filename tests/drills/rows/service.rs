//! The service: killed, overloaded, cut off by its breaker, or half dead.

use super::{CONTAINERS, LONG, row};
use crate::row::Row;
use crate::stack::{PLAIN, Parts};

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
    },
    row("health page dies, other endpoints live", [1, 0, 0], "Service", 240, |drill| {
        drill.stack.site().refuse(|path, _| path.starts_with("/health"));
        drill.wait(LONG);
        drill.stack.site().refuse(|_, _| false);
    })
    .quick(),
    // After 245 s; but where its health is seen to be bad for the first time just before that, ServiceUnhealthy silences it for two
    // minutes, and Alertmanager tells it with the group's next message.
    row("service flaps: 40 s of 90 down", [1, 0, 0], "ServiceFlapping", 600, |drill| {
        for _ in 0..6 {
            drill.stack.site().kill_service();
            drill.wait(40);
            drill.stack.site().start_service_again();
            drill.wait(50);
        }
    })
    .at_most(3)
    .unseen(),
    row("breaker forced open", [1, 1, 0], "CircuitNotClosed", 210, |drill| {
        // What the service publishes is refused; its health check and the agent's canary are not.
        let channels = ["ACL", "SETUSER", "default", "resetchannels", "&health:check", "&manometer:canary"];
        drill.stack.site().redis().command::<()>(&channels);
        drill.wait(LONG);
        drill.stack.site().redis().command::<()>(&["ACL", "SETUSER", "default", "allchannels"]);
    }),
    Row {
        parts: Parts { ticker: &["--batch", "1000"], ..PLAIN },
        ..row("overload that latches after a burst", [1, 1, 1], "BackpressureOverload", 400, |drill| {
            // While it publishes nothing, its buffer fills and it samples; then less than half of what came was published, and
            // since it counts what it sampled out as not published, that stays so.
            let (scale, site) = (drill.stack.scale, drill.stack.site());
            let (instruments, stall) = (200 * scale.factor(), scale.clock(45).as_millis());
            site.turn(&format!(r#"{{"latch": true, "instruments": {instruments}, "stall_ms": {stall}}}"#));
            drill.wait(LONG);
            drill.stack.site().turn(r#"{"latch": false, "instruments": 100}"#);
        })
    },
    row("ticker overload, level 2", [0, 0, 1], "BackpressureCritical", 240, |drill| {
        // Half of that is what it can publish: it stays at the level at which it lets half of them in.
        drill.stack.site().turn(r#"{"instruments": 1000}"#);
        drill.wait(LONG);
        drill.stack.site().turn(r#"{"instruments": 100}"#);
    }),
    Row {
        parts: RESTARTED,
        ..row("crash loop of a container", [1, 0, 0], "ContainerRestarting", 300, |drill| {
            drill.each(15, LONG, |stack| stack.site().crash());
        })
        .unseen()
    },
];
