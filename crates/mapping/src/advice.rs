//! A miss in words: what was found, what to do, and which key may have been meant.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::miss::{Miss, MissReason};
use super::nearest::{Keys, Nearest};
use super::shown::{shown, shown_pointer};

/// What went wrong with one value of the body `tree`, whose keys are `keys`.
#[must_use]
pub fn advice(miss: &Miss, tree: &Json, keys: &Keys) -> String {
    let word = miss.reason.as_str();
    let found = miss.at.find(tree);
    let what = match (miss.reason, found) {
        (MissReason::Missing | MissReason::Unmatched, None) => {
            let Nearest { close, same_key } = keys.nearest(&miss.at);
            let is_captured = miss.reason == MissReason::Unmatched;
            let what = if is_captured { "no pattern captured it" } else { "the key is not there" };
            let mut text = format!("{word}: {what}; {}", miss.reason.advice());
            if let Some(close) = close {
                let _ = write!(text, "; did you mean {}?", shown_pointer(&close));
            }
            if let Some(same_key) = same_key {
                let _ = write!(text, "; the same key stands at {}", shown_pointer(&same_key));
            }
            return text;
        }
        (MissReason::Missing | MissReason::Unmatched, Some(Json::Null)) => "it is null".to_owned(),
        // It is there: what another number is divided by.
        (MissReason::Missing | MissReason::Unmatched, Some(_)) => {
            return format!(
                "{word}: it is 0, and nothing is a share of that; set missing = \"ignore\" if 0 means no limit"
            );
        }
        (_, Some(value)) => format!("it is {}", shown(value)),
        (_, None) => return format!("{word}; {}", miss.reason.advice()),
    };
    format!("{word}: {what}; {}", miss.reason.advice())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn text(reason: MissReason, at: &str) -> String {
        let body = json!({"data": {"hits": "12", "state": "drowsy\n", "none": null, "limit": 0}, "list": []});
        advice(&Miss { rule: 0, reason, at: at.parse().unwrap(), times: 1 }, &body, &Keys::of(&body))
    }

    #[test]
    fn a_missing_key_names_what_may_have_been_meant() {
        const ADVICE: &str = "missing: the key is not there; correct the pointer, or set missing = \"ignore\" if the key \
                              may be absent";
        assert_eq!(text(MissReason::Missing, "/data/hit"), format!("{ADVICE}; did you mean /data/hits?"));
        assert_eq!(text(MissReason::Missing, "/hits"), format!("{ADVICE}; the same key stands at /data/hits"));
        assert_eq!(text(MissReason::Missing, "/temperature"), ADVICE);
        assert_eq!(
            text(MissReason::Missing, "/data/none"),
            "missing: it is null; correct the pointer, or set missing = \"ignore\" if the key may be absent"
        );
        assert_eq!(
            text(MissReason::Missing, "/data/limit"),
            "missing: it is 0, and nothing is a share of that; set missing = \"ignore\" if 0 means no limit"
        );
    }

    #[test]
    fn a_value_that_cannot_be_used_is_shown() {
        assert_eq!(
            text(MissReason::StringNumber, "/data/hits"),
            "string_number: it is \"12\"; set parse = \"quantity\": the number is in quotes"
        );
        assert_eq!(
            text(MissReason::State, "/data/state"),
            "state: it is \"drowsy\\n\"; add the word to states or aliases"
        );
        assert_eq!(text(MissReason::Limit, "/list/*"), "limit; raise limit, or set merge to what the rest becomes");
    }
}
