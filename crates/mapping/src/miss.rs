//! What a mapping looked for and did not get, and what to do about it.

use super::pointer::Pointer;

metric::words! {
    /// Why a rule gave no value, or one to be wary of. The label `reason` of `service_mapping_errors_total`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub enum MissReason {
        /// The key is not there, or null.
        Missing = "missing",
        /// No pattern captured it of a text.
        Unmatched = "unmatched",
        /// Of another JSON type than the rule expects.
        Type = "type",
        /// A number in quotes where `parse` is `number`.
        StringNumber = "string_number",
        /// NaN or infinite; a division by zero.
        NotFinite = "not_finite",
        /// A text that does not have the form that the rule expects.
        Malformed = "malformed",
        /// A unit that is unknown or measures something else.
        Unit = "unit",
        /// A word that is not one of the states; shown as `unknown`.
        State = "state",
        /// A whole number above 2^53; its last digits are lost.
        Precision = "precision",
        /// Two elements have the same labels.
        Duplicate = "duplicate",
        /// More elements than the rule's limit, which cannot be merged.
        Limit = "limit",
        /// A counter below 0.
        Negative = "negative",
        /// A counter fell.
        Reset = "reset",
    }
}

impl MissReason {
    /// Whether there is a value all the same, and what to do.
    const fn row(self) -> (bool, &'static str) {
        match self {
            Self::Missing => (false, "correct the pointer, or set missing = \"ignore\" if the key may be absent"),
            Self::Unmatched => (
                false,
                "correct the pattern that has this group, or set missing = \"ignore\" if the text may be absent",
            ),
            Self::Type => (false, "point at a value of the type that parse expects, or set parse"),
            Self::StringNumber => (false, "set parse = \"quantity\": the number is in quotes"),
            Self::NotFinite => (false, "nothing can be done here: the service divides by zero"),
            Self::Malformed => (false, "set parse to how the value is written"),
            Self::Unit => (false, "set unit or suffix to what stands behind the number"),
            Self::State => (true, "add the word to states or aliases"),
            Self::Precision => (true, "nothing is wrong with the mapping: a sample has 53 bits"),
            Self::Duplicate => (false, "add a label that tells the elements apart, or set merge to what they become"),
            Self::Limit => (true, "raise limit, or set merge to what the rest becomes"),
            Self::Negative => (false, "set type to gauge: a counter is never below 0"),
            Self::Reset => (true, "nothing is wrong: the service was restarted, or its counters were reset"),
        }
    }

    /// Whether there is a value all the same.
    #[must_use]
    pub const fn has_value(self) -> bool {
        self.row().0
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        self.row().1
    }
}

/// Values of one rule that could not be had, or are to be handled with care, for the same reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    /// The index of the rule.
    pub rule: usize,
    /// Why.
    pub reason: MissReason,
    /// Where the first of them was looked for.
    pub at: Pointer,
    /// How many there are.
    pub times: u64,
}

impl Miss {
    /// A single one.
    #[must_use]
    pub const fn new(rule: usize, reason: MissReason, at: Pointer) -> Self {
        Self { rule, reason, at, times: 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::MissReason;

    #[test]
    fn a_reason_says_whether_there_is_a_value_and_what_to_do() {
        let with_value: Vec<&str> =
            MissReason::ALL.into_iter().filter(|reason| reason.has_value()).map(MissReason::as_str).collect();
        assert_eq!(with_value, ["state", "precision", "limit", "reset"]);
        let mut advice = MissReason::ALL.map(MissReason::advice).to_vec();
        advice.sort_unstable();
        advice.dedup();
        assert_eq!(advice.len(), MissReason::ALL.len());
    }
}
