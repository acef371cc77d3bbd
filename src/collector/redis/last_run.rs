//! Which run of a server was seen last.

/// The id of the last run that told it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct LastRun(Option<String>);

impl LastRun {
    /// Whether `id` is of another run than the last one. One that cannot be told is not: some servers hide their id.
    pub(super) fn differs(&self, id: Option<&str>) -> bool {
        self.0.as_deref().zip(id).is_some_and(|(before, now)| before != now)
    }

    /// Remembers the run, if it tells its id, and whether it [differs](Self::differs).
    pub(super) fn observe(&mut self, id: Option<&str>) -> bool {
        let differs = self.differs(id);
        if let Some(id) = id {
            self.0 = Some(id.to_owned());
        }
        differs
    }
}

#[cfg(test)]
mod tests {
    use super::LastRun;

    #[test]
    fn only_another_id_is_another_run() {
        let mut run = LastRun::default();
        assert!(!run.observe(None));
        assert!(!run.observe(Some("a")), "the first sight is not a change");
        assert!(!run.observe(Some("a")));
        assert!(!run.observe(None), "an id that is absent for once is not another run");
        assert!(run.differs(Some("b")) && !run.differs(Some("a")));
        assert!(run.observe(Some("b")));
        assert!(!run.observe(Some("b")));
    }
}
