//! Words of a closed set, as services write them.

/// The state of a word that is not one of the known ones.
const UNKNOWN: &str = "unknown";

/// The states of a rule, in their order, and the words that mean them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct States {
    names: Vec<String>,
    aliases: Vec<(String, String)>,
}

impl States {
    /// States in their order, and `(word, state)` for other words that mean one of them.
    #[must_use]
    pub fn new(names: Vec<String>, aliases: Vec<(String, String)>) -> Self {
        Self { names: names.into_iter().filter(|name| !name.eq_ignore_ascii_case(UNKNOWN)).collect(), aliases }
    }

    /// How many states there are, without `unknown`: its index among the [`labels`](Self::labels).
    #[must_use]
    pub const fn count(&self) -> usize {
        self.names.len()
    }

    /// Every label value: the states, and `unknown`.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str).chain([UNKNOWN])
    }

    /// The place of the state that `text` means; `None` if it means none of them.
    ///
    /// Case does not matter, nor does what follows a colon: `error: connection refused` is `error`. That part is free
    /// text and goes nowhere.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<usize> {
        let place = |wanted: &str| self.names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
        let meant = |word: &str| {
            place(word).or_else(|| {
                let (_, state) = self.aliases.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(word))?;
                place(state)
            })
        };
        // A state may have a colon itself.
        meant(text.trim()).or_else(|| meant(word(text)))
    }

    /// Whether a text says of itself that the state is not known.
    pub(super) fn is_unknown(text: &str) -> bool {
        word(text).eq_ignore_ascii_case(UNKNOWN)
    }

    /// States that stand twice, and aliases that are states themselves, for the check of a configuration.
    pub fn repeated(&self) -> impl Iterator<Item = &str> {
        let is_known = |names: &[String], word: &str| names.iter().any(|name| name.eq_ignore_ascii_case(word));
        let twice = self.names.iter().enumerate().filter(move |(at, name)| is_known(&self.names[..*at], name));
        let aliases = self.aliases.iter().map(|(alias, _)| alias.as_str());
        twice.map(|(_, name)| name.as_str()).chain(aliases.filter(move |alias| is_known(&self.names, alias)))
    }

    /// States that aliases mean and that are not listed, for the check of a configuration.
    pub fn dangling(&self) -> impl Iterator<Item = &str> {
        self.aliases
            .iter()
            .map(|(_, state)| state.as_str())
            .filter(|state| !self.names.iter().any(|name| name == state))
    }
}

/// What stands before the colon.
fn word(text: &str) -> &str {
    text.split(':').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health() -> States {
        let names = ["ok", "degraded", "unhealthy", "unknown"].map(str::to_owned).to_vec();
        States::new(names, vec![("healthy".to_owned(), "ok".to_owned()), ("error".to_owned(), "unhealthy".to_owned())])
    }

    #[test]
    fn words_are_found_whatever_their_case_and_their_explanation() {
        let found = |text: &str| health().find(text);
        assert_eq!(found("ok"), Some(0));
        assert_eq!(found("Healthy"), Some(0));
        assert_eq!(found("DEGRADED"), Some(1));
        assert_eq!(found("error: Error 111 connecting to redis:6379"), Some(2));
        assert_eq!(found("disabled"), None);
        assert_eq!(found(""), None);
        assert_eq!(found("unknown"), None);
        let states = States::new(vec!["sync:full".to_owned(), "sync".to_owned()], Vec::new());
        assert_eq!(["Sync:full ", "sync: partial", "sync"].map(|text| states.find(text)), [Some(0), Some(1), Some(1)]);
    }

    #[test]
    fn a_service_may_say_why_it_does_not_know() {
        let said = ["unknown", " Unknown ", "UNKNOWN: monitor not started", "unknowable", ""];
        assert_eq!(said.map(States::is_unknown), [true, true, true, false, false]);
    }

    #[test]
    fn what_stands_twice_is_told() {
        let names = ["ok", "down", "OK"].map(str::to_owned).to_vec();
        let aliases = vec![("Down".to_owned(), "ok".to_owned()), ("up".to_owned(), "ok".to_owned())];
        assert_eq!(States::new(names, aliases).repeated().collect::<Vec<_>>(), ["OK", "Down"]);
        assert_eq!(health().repeated().count(), 0);
    }

    #[test]
    fn unknown_is_always_the_last_label_and_never_twice() {
        assert_eq!(health().labels().collect::<Vec<_>>(), ["ok", "degraded", "unhealthy", "unknown"]);
    }

    #[test]
    fn an_alias_must_mean_a_state() {
        let states = States::new(vec!["ok".to_owned()], vec![("fine".to_owned(), "okay".to_owned())]);
        assert_eq!(states.dangling().collect::<Vec<_>>(), ["okay"]);
        assert_eq!(states.find("fine"), None);
        assert_eq!(health().dangling().count(), 0);
    }
}
