//! Why a run ended.

/// Nanoseconds since 1970 on the engine's clock.
pub(in super::super) type Nanos = i64;

/// A request to end that came shortly before the end is its cause.
const SHORTLY: Nanos = 60 * 1_000_000_000;

/// The label `reason` of `container_exits_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum ExitReason {
    /// With exit code 0.
    Ok,
    /// With another one, and nobody asked for it.
    Error,
    /// After the kernel had killed something in the container for want of memory.
    Oom,
    /// By SIGKILL or SIGTERM, or after someone had asked the engine to end it.
    Killed,
    /// The exit code could not be learnt.
    Unknown,
}

impl ExitReason {
    pub(in super::super) const ALL: [Self; 5] = [Self::Ok, Self::Error, Self::Oom, Self::Killed, Self::Unknown];

    /// The label's value.
    pub(in super::super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Oom => "oom",
            Self::Killed => "killed",
            Self::Unknown => "unknown",
        }
    }
}

/// A signal that someone had the engine send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kill {
    pub(super) at: Nanos,
    /// `None` if it is not known which one: a Docker label hides it, or it is a word.
    pub(super) signal: Option<i64>,
}

impl Kill {
    /// Whether it is meant to end the container: `docker kill --signal=HUP` is not.
    fn is_final(self) -> bool {
        // INT, QUIT, KILL, TERM; systemd takes the signals from 34 on as orders to halt.
        self.signal.is_none_or(|signal| matches!(signal, 2 | 3 | 9 | 15 | 34..))
    }
}

/// Why a run ended that had these last OOM kill and signal in it. `at` is when it ended, if that is known.
///
/// 137 alone says that something sent SIGKILL, not what: without an OOM kill it counts as killed. An OOM kill that the
/// container survived is not why it ends when someone kills it later, and a good end (exit code 0) is one whatever came
/// before it: of a container whose main process survived the kill of a child, the OOM kill itself has been counted.
pub(super) fn classify(code: Option<i64>, oom: Option<Nanos>, kill: Option<Kill>, at: Option<Nanos>) -> ExitReason {
    let asked = kill.filter(|kill| kill.is_final() && oom.is_none_or(|oom| kill.at > oom));
    let just_asked = asked.is_some_and(|kill| at.is_none_or(|at| at.saturating_sub(kill.at) < SHORTLY));
    match code {
        Some(0) => ExitReason::Ok,
        Some(code) if just_asked || asked.and_then(|kill| kill.signal).is_some_and(|signal| code == 128 + signal) => {
            ExitReason::Killed
        }
        Some(_) if oom.is_some() => ExitReason::Oom,
        Some(137 | 143) => ExitReason::Killed,
        Some(_) => ExitReason::Error,
        None if just_asked => ExitReason::Killed,
        None if oom.is_some() => ExitReason::Oom,
        None => ExitReason::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    fn kill(at: Nanos, signal: impl Into<Option<i64>>) -> Option<Kill> {
        (at > 0).then(|| Kill { at, signal: signal.into() })
    }

    #[test]
    fn the_exit_code_and_what_came_before_it_decide() {
        let end = Some(100 * SECOND);
        let just_before = 99 * SECOND;
        for (code, oom, kill, reason) in [
            (Some(0), None, None, ExitReason::Ok),
            (Some(1), None, None, ExitReason::Error),
            // Crashes: abort and segmentation fault.
            (Some(134), None, None, ExitReason::Error),
            (Some(139), None, None, ExitReason::Error),
            (Some(3_221_225_786), None, None, ExitReason::Error),
            // Nobody knows who sent the signal; it was not for want of memory.
            (Some(137), None, None, ExitReason::Killed),
            (Some(143), None, None, ExitReason::Killed),
            (Some(137), Some(just_before), None, ExitReason::Oom),
            // The main process notices that its child was killed, and gives up.
            (Some(1), Some(just_before), None, ExitReason::Oom),
            (Some(0), Some(just_before), None, ExitReason::Ok),
            (Some(137), None, kill(just_before, 9), ExitReason::Killed),
            // `docker stop` of a service that ends as it should, and of one that does not.
            (Some(0), None, kill(just_before, 15), ExitReason::Ok),
            (Some(1), None, kill(just_before, 15), ExitReason::Killed),
            (Some(130), None, kill(just_before, 2), ExitReason::Killed),
            // A reload is no request to end, nor is a request that was refused long ago.
            (Some(1), None, kill(just_before, 1), ExitReason::Error),
            (Some(1), None, kill(SECOND, 15), ExitReason::Error),
            (Some(143), None, kill(SECOND, 15), ExitReason::Killed),
            // A child's OOM kill, survived, and then `docker kill`; the other way round it is the OOM kill.
            (Some(137), Some(SECOND), kill(just_before, 9), ExitReason::Killed),
            (Some(137), Some(just_before), kill(just_before - 1, 15), ExitReason::Oom),
            (None, None, None, ExitReason::Unknown),
            (None, Some(just_before), None, ExitReason::Oom),
            (None, None, kill(just_before, 9), ExitReason::Killed),
        ] {
            assert_eq!(classify(code, oom, kill, end), reason, "{code:?} {oom:?} {kill:?}");
        }
        let hidden = kill(just_before, None);
        assert_eq!(classify(Some(2), None, hidden, end), ExitReason::Killed);
        assert_eq!(classify(Some(2), None, hidden, None), ExitReason::Killed);
    }
}
