//! The file of the state.

use serde_json::json;

use super::file::parse;

/// What is read of a file is what a file that is written of it says.
pub(crate) fn file(text: &[u8]) {
    match parse(text) {
        Ok(sections) => {
            let written = json!({ "format": "manometer state", "version": 1, "sections": sections }).to_string();
            let again = parse(written.as_bytes());
            assert!(again.is_ok_and(|again| again.keys().eq(sections.keys())), "{written}");
        }
        Err(problem) => assert!(!problem.contains('\n') && problem.len() <= 1_000, "{problem}"),
    }
}
