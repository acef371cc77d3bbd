//! Certificates as people make them at home, on a real redis-server.

use std::path::Path;
use std::process::Command;

use crate::support::agent::{Agent, command, config_file, patient_target, stderr, stdout};
use crate::support::exposition::Exposition;
use crate::support::missing::missing;
use crate::support::redis::{Builder, RedisServer};

/// Runs `openssl` in `dir`.
fn openssl(dir: &Path, arguments: &str) -> String {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What Redis' own script for test certificates does: an authority, and a certificate of X.509 version 1 that it signed.
fn version_1(dir: &Path, name: &str, key: &str) {
    openssl(dir, &format!("req -newkey {key} -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}"));
    openssl(dir, &format!("x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 9 -out {name}.crt"));
    let text = openssl(dir, &format!("x509 -in {name}.crt -noout -text"));
    assert!(text.contains("Version: 1 "), "{text}");
}

fn authority(dir: &Path) {
    openssl(dir, "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 9 -subj /CN=ca");
}

fn server(dir: &Path, name: &str) -> Builder {
    let file = |suffix: &str| dir.join(format!("{name}.{suffix}")).display().to_string();
    RedisServer::builder()
        .with_tls_port()
        .line(format!("tls-cert-file {}", file("crt")))
        .line(format!("tls-key-file {}", file("key")))
        .line(format!("tls-ca-cert-file {}", dir.join("ca.crt").display()))
}

/// One poll with the keys of `[redis.tls]`: what it exports, and what it says.
fn poll(redis: &RedisServer, tls: &str) -> (Exposition, String) {
    let url = format!("rediss://127.0.0.1:{}", redis.tls_port.unwrap());
    // Handshakes are slow where the machine is busy.
    let target = patient_target("main", &url);
    let (_dir, file) = config_file(&format!("{target}[redis.tls]\n{tls}\n"));
    let output = command(&["poll", "--target", "main", "--config", file.to_str().unwrap()]).output().unwrap();
    (Exposition::of(&stdout(&output)), stderr(&output))
}

#[track_caller]
fn assert_up(redis: &RedisServer, tls: &str) {
    let (seen, said) = poll(redis, tls);
    assert_eq!((seen.get("redis_up", &[]), said.as_str()), (Some(1.0), ""), "{tls}");
}

#[track_caller]
fn assert_refused(redis: &RedisServer, tls: &str, cause: &str) {
    let (seen, said) = poll(redis, tls);
    assert_eq!(seen.get("redis_up", &[]), Some(0.0), "{tls}");
    let after = said.split_once(&format!("TLS handshake with 127.0.0.1:{}: ", redis.tls_port.unwrap()));
    assert!(after.is_some_and(|(_, rest)| rest.starts_with(cause)), "{tls}: {said}");
    assert!(said.contains("fingerprint"), "how to mend it: {said}");
}

#[test]
fn a_certificate_that_is_its_own_authority() {
    if missing(&["redis-server", "openssl"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    authority(dir.path());
    let redis = server(dir.path(), "ca").line("tls-auth-clients no").start();
    let ca_file = format!("ca_file = {:?}", dir.path().join("ca.crt"));
    assert_up(&redis, &ca_file);
    let printed = openssl(dir.path(), "x509 -noout -fingerprint -sha256 -in ca.crt");
    assert_up(&redis, &format!("fingerprint = {:?}", printed.trim()));
    assert_up(&redis, &format!("fingerprint = [{:?}, {:?}]", "00".repeat(32), printed.trim().replace(':', "")));

    let shown = printed.trim().rsplit('=').next().unwrap();
    let cause = format!("the server's certificate has the SHA-256 {shown}, which is not the fingerprint");
    assert_refused(&redis, &format!("fingerprint = {:?}", "00".repeat(32)), &cause);
    assert_refused(
        &redis,
        "",
        "the server's certificate is signed by itself, and not the one that is configured; compare",
    );

    let (seen, _) = poll(&redis, &ca_file);
    let end = openssl(dir.path(), "x509 -noout -enddate -dateopt iso_8601 -in ca.crt");
    let end = humantime::parse_rfc3339_weak(end.trim().trim_start_matches("notAfter=")).unwrap();
    let end = end.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    seen.assert(
        "tls_certificate_not_after_seconds",
        &[("endpoint", "127.0.0.1")],
        f64::from(u32::try_from(end).unwrap()),
    );
}

#[test]
fn a_certificate_of_version_1_as_a_server_and_as_a_client() {
    if missing(&["redis-server", "openssl"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    authority(dir.path());
    version_1(dir.path(), "rsa", "rsa:2048");
    version_1(dir.path(), "ec", "ec -pkeyopt ec_paramgen_curve:prime256v1");
    let quoted = |name: &str| format!("{:?}", dir.path().join(name));
    for (name, version) in [("rsa", "TLSv1.2"), ("rsa", "TLSv1.3"), ("ec", "TLSv1.2"), ("ec", "TLSv1.3")] {
        let redis =
            server(dir.path(), name).line("tls-auth-clients yes").line(format!("tls-protocols {version}")).start();
        let pair = format!("cert_file = {}\nkey_file = {}", quoted("rsa.crt"), quoted("rsa.key"));
        assert_up(&redis, &format!("ca_file = {}\n{pair}", quoted(&format!("{name}.crt"))));
        let printed = openssl(dir.path(), &format!("x509 -noout -fingerprint -sha256 -in {name}.crt"));
        assert_up(&redis, &format!("fingerprint = {:?}\n{pair}", printed.trim()));
        let cause = "the server's certificate is of X.509 version 1, which has no names to check; compare";
        assert_refused(&redis, &format!("ca_file = {}\n{pair}", quoted("ca.crt")), cause);
    }
}

#[test]
fn the_files_of_a_url_are_those_of_tls() {
    if missing(&["redis-server", "openssl"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    authority(dir.path());
    let redis = server(dir.path(), "ca").line("tls-auth-clients yes").start();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let url = format!(
        "rediss://127.0.0.1:{}?ssl_cert_reqs=required&ssl_ca_certs={}&ssl_certfile={}&ssl_keyfile={}",
        redis.tls_port.unwrap(),
        path("ca.crt"),
        path("ca.crt"),
        path("ca.key"),
    );
    let agent = Agent::run_on_environment(&[("REDIS_URL", &url)]);
    agent.metrics().assert("redis_up", &[("target", "redis")], 1.0);
}
