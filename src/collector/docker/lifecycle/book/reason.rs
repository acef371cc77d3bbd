//! Why a run ended.

/// Nanoseconds since 1970 on the engine's clock.
pub(in super::super) type Nanos = i64;

/// A request to end that came shortly before the end is its cause.
const SHORTLY: Nanos = 60 * 1_000_000_000;

/// The label `reason` of `container_exits_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::collector::docker) enum ExitReason {
    /// With exit code 0.
    Ok,
    /// With another one, and nobody asked for it.
    Error,
    /// After the kernel had killed something in the container for want of memory.
    Oom,
    /// By SIGTERM, or after someone had asked the engine to end it.
    Killed,
    /// The exit code could not be learnt.
    Unknown,
    /// By SIGKILL, and neither an OOM kill nor anyone who asked the engine for it is known.
    SigkillUnexplained,
}

impl ExitReason {
    pub(in super::super) const ALL: [Self; 6] =
        [Self::Ok, Self::Error, Self::Oom, Self::Killed, Self::Unknown, Self::SigkillUnexplained];

    /// The label's value.
    pub(in super::super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Oom => "oom",
            Self::Killed => "killed",
            Self::Unknown => "unknown",
            Self::SigkillUnexplained => "sigkill_unexplained",
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

/// What is known of why a run ended.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Evidence {
    pub(super) code: Option<i64>,
    /// The last OOM kill in the run.
    pub(super) oom: Option<Nanos>,
    /// The last signal in the run.
    pub(super) kill: Option<Kill>,
    /// When the run ended, by its event.
    pub(super) ended: Option<Nanos>,
}

impl Evidence {
    /// Why the run ended, as far as the evidence goes.
    ///
    /// 137 alone says that something sent SIGKILL, not what: engines lose OOM events, and a process of the host may have sent
    /// it, so that it is called unexplained. An OOM kill that the
    /// container survived is not why it ends when someone kills it later, and a good end (exit code 0) is one whatever came
    /// before it: where the main process survived the kill of a child, the OOM kill itself has been counted.
    pub(super) fn reason(self) -> ExitReason {
        match self.code {
            Some(0) => ExitReason::Ok,
            _ if self.was_asked_for() => ExitReason::Killed,
            _ if self.oom.is_some() => ExitReason::Oom,
            Some(137) => ExitReason::SigkillUnexplained,
            Some(143) => ExitReason::Killed,
            Some(_) => ExitReason::Error,
            None => ExitReason::Unknown,
        }
    }

    /// Why a run ended of which the end alone was seen: who asked for it is not known, and a good end and signals that
    /// orchestrators send are not held against it.
    pub(super) fn reason_of_old(self) -> ExitReason {
        match self.code {
            Some(137 | 143) if self.oom.is_none() => ExitReason::Killed,
            _ => self.reason(),
        }
    }

    /// Whether the reason stands, whatever an event that is late may add. The one that is late is that of the OOM kill:
    /// under load an engine learns of it after the end of the process that it killed.
    pub(super) fn is_conclusive(self) -> bool {
        self.code == Some(0) || self.oom.is_some() || self.was_asked_for()
    }

    /// Whether someone asked the engine to end the run, and it ended by that.
    fn was_asked_for(self) -> bool {
        let Some(kill) = self.kill.filter(|kill| kill.is_final() && self.oom.is_none_or(|oom| kill.at > oom)) else {
            return false;
        };
        let is_recent = self.ended.is_none_or(|ended| ended.saturating_sub(kill.at) < SHORTLY);
        is_recent || (self.code.is_some() && self.code == kill.signal.map(|signal| 128 + signal))
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
            // Nobody knows who sent the signal.
            (Some(137), None, None, ExitReason::SigkillUnexplained),
            (Some(137), None, kill(just_before, 1), ExitReason::SigkillUnexplained),
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
            // A reload is not a request to end, and neither is one that was ignored long ago.
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
            let evidence = Evidence { code, oom, kill, ended: end };
            assert_eq!(evidence.reason(), reason, "{evidence:?}");
        }
        let hidden = kill(just_before, None);
        for ended in [end, None] {
            assert_eq!(Evidence { code: Some(2), oom: None, kill: hidden, ended }.reason(), ExitReason::Killed);
        }
    }

    #[test]
    fn only_an_end_without_a_known_cause_may_turn_out_to_be_an_oom_kill() {
        let conclusive = |code, oom, kill| Evidence { code, oom, kill, ended: Some(100 * SECOND) }.is_conclusive();
        assert!(conclusive(Some(0), None, None));
        assert!(conclusive(Some(137), Some(99 * SECOND), None));
        assert!(conclusive(Some(137), None, kill(99 * SECOND, 9)));
        assert!(conclusive(None, None, kill(99 * SECOND, 15)));
        for code in [Some(1), Some(137), Some(143), None] {
            assert!(!conclusive(code, None, None), "{code:?}");
            assert!(!conclusive(code, None, kill(99 * SECOND, 1)), "{code:?}");
        }
    }
}
