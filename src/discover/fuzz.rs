//! What sources of targets say: targets files, and the answers of name servers.

use std::path::Path;
use std::sync::Arc;

use simple_dns::TYPE;

use super::{dns, files};

/// A targets file as JSON and as YAML: each target of it is a candidate with a host, or is refused in one line.
pub(crate) fn targets_file(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    let source: Arc<str> = "file targets".into();
    for name in ["targets.json", "targets.yml"] {
        for candidate in files::all(Path::new(name), text, &source) {
            match candidate {
                Ok(candidate) => {
                    assert!(!candidate.host.is_empty());
                    assert!(candidate.addresses.is_none_or(|addresses| addresses.len() == 1));
                }
                Err(error) => {
                    assert!(!error.contains(['\n', '\r', '\u{1b}']), "{error:?}");
                    assert!(error.len() <= 1_000, "{error}");
                }
            }
        }
    }
}

/// An answer to a question of its own number: the servers that it names can be asked for.
pub(crate) fn name_server(answer: &[u8]) {
    let Some(id) = answer.first_chunk().map(|id| u16::from_be_bytes(*id)) else { return };
    for (name, kind) in [("_redis._tcp.example", TYPE::SRV), ("db.example", TYPE::A), ("db.example", TYPE::AAAA)] {
        match dns::read(answer, id, name, kind) {
            Ok(Some(answer)) => {
                for (host, port, addresses) in &answer.servers {
                    assert!(!host.is_empty() && *port > 0 && addresses.is_empty());
                    assert!(!host.bytes().any(|byte| byte.is_ascii_uppercase()), "{host}");
                }
            }
            Ok(None) => {}
            Err(error) => assert!(error.len() <= 1_000, "{error}"),
        }
        assert!(dns::read(answer, id.wrapping_add(1), name, kind).is_err());
    }
}
