use std::path::Path;

use super::*;
use crate::collector::{KINDS, parsed};
use crate::config::Config;

fn problems(text: &str) -> String {
    let file = Path::new("/etc/manometer/config.toml");
    Config::parse(text, file, &|_| None, KINDS).map_or_else(|error| error.to_string(), |_| String::new())
}

#[test]
#[cfg(not(feature = "mongodb"))]
fn without_the_driver_a_table_is_refused() {
    let refused = problems("[[mongodb]]\nname = \"m\"\nurl = \"mongodb://h\"\n");
    assert_eq!(
        refused,
        "/etc/manometer/config.toml:1: mongodb[0]: this agent is built without MongoDB; build one with cargo build \
         --release --features mongodb"
    );
}

#[test]
#[cfg(feature = "mongodb")]
fn a_table_goes_before_its_url_and_is_shown_without_secrets() {
    let target: MongodbTarget = parsed(
        "[[mongodb]]\nname = \"m\"\nurl = \"mongodb://a:hunter2@h:1/shop?tls=true&tlsCAFile=/a.pem\"\nusername = \"watch\"\n\
         password = \"${API_KEY}\"\nauth_source = \"admin\"\n[mongodb.tls]\nca_file = \"b.pem\"\n",
    )
    .remove(0);
    assert_eq!(target.username.as_deref(), Some("watch"));
    assert_eq!(target.auth_source.as_deref(), Some("admin"));
    assert_eq!(target.tls, Some(Tls { ca_file: Some("/etc/manometer/b.pem".into()), cert_key_file: None }));
    let shown = crate::config::Target::to_toml(&target).unwrap();
    assert!(shown.contains("url = \"h:1\"\n") && !shown.contains("hunter2"), "{shown}");
    let again: MongodbTarget = parsed(&shown.replace("\"<secret>\"", "\"${API_KEY}\"")).remove(0);
    assert_eq!((again.endpoint, again.tls), (target.endpoint, target.tls));
}

#[test]
#[cfg(feature = "mongodb")]
fn what_is_wrong_is_told_at_once_and_without_a_secret() {
    let wrong = problems(
        "[[mongodb]]\nname = \"a\"\n[[mongodb]]\nname = \"b\"\nurl = \"mongodb://u:hunter2@x,y\"\nauth_mechanism = \"GSSAPI\"\n\
         [[mongodb]]\nname = \"c\"\nurl = \"mongodb://u@h\"\n[mongodb.tls]\nca_fil = \"x\"\n",
    );
    let expected = "\
/etc/manometer/config.toml:1: mongodb[0].url: is missing; write it like \"mongodb://127.0.0.1:27017\"
/etc/manometer/config.toml:5: mongodb[1].url: names several servers; write a [[mongodb]] for each: their connections are counted apart
/etc/manometer/config.toml:6: mongodb[1].auth_mechanism = \"GSSAPI\": names an authentication mechanism that is not spoken here; there \
         are SCRAM-SHA-256, SCRAM-SHA-1, MONGODB-X509, PLAIN
";
    assert!(wrong.starts_with(expected), "{wrong}");
    assert!(
        wrong.contains("mongodb[2].tls: the URL is not a TLS one; add ?tls=true to it or remove the table"),
        "{wrong}"
    );
    assert!(wrong.contains("mongodb[2].tls.ca_fil: unknown key; did you mean ca_file?"), "{wrong}");
    assert!(wrong.contains("mongodb[2].username: a user needs a password"), "{wrong}");
}
