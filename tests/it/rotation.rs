//! Secrets that rotate while the agent runs: it takes them with the next connection or poll, without a reload.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::support::agent::{Agent, target, write};
use crate::support::missing::missing;
use crate::support::redis::RedisServer;
use crate::support::tls::Certificates;
use crate::support::wait::{SOON, until};

/// As secrets are mounted: the new file takes the place of the old one.
fn replace(dir: &Path, name: &str, text: &str) {
    std::fs::rename(write(dir, "new", text), dir.join(name)).unwrap();
}

#[track_caller]
fn wait_for_up(agent: &Agent, up: f64) {
    agent.until("main", "up is what it should be", |seen| (seen.get("redis_up", &[]) == Some(up)).then_some(()));
}

#[test]
fn a_password_that_is_changed_in_redis_and_in_its_file() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("user manometer on >swordfish +@all ~* &*").start();
    let dir = tempfile::tempdir().unwrap();
    let file = write(dir.path(), "password", "swordfish\n");
    let keys = format!("username = \"manometer\"\npassword_file = {file:?}\n");
    let agent = Agent::run(&(target("main", &redis.url()) + &keys));
    wait_for_up(&agent, 1.0);
    let rotate = |password: &str| {
        redis.command::<()>(&["ACL", "SETUSER", "manometer", "resetpass", &format!(">{password}")]);
        redis.command::<i64>(&["CLIENT", "KILL", "USER", "manometer"]);
    };
    rotate("tuna");
    wait_for_up(&agent, 0.0);
    assert_eq!(agent.state("main")["lastErrorReason"], "auth");
    replace(dir.path(), "password", "tuna\n");
    wait_for_up(&agent, 1.0);
    // What cannot be read costs nothing and is said once.
    std::fs::remove_file(&file).unwrap();
    // The file is looked at once a second at most, and for a new connection alone.
    until(SOON, "it is said", || {
        redis.command::<i64>(&["CLIENT", "KILL", "USER", "manometer"]);
        agent.log().contains("changed files cannot be used").then_some(())
    });
    wait_for_up(&agent, 1.0);
    agent.next_poll("main").assert("redis_up", &[], 1.0);
    assert_eq!(agent.log().matches("changed files cannot be used").count(), 1, "{}", agent.log());
    agent.assert_hidden("swordfish");
    agent.assert_hidden("tuna");
}

/// Answers `{"pending": 1}` to whoever has the token.
fn service(token: Arc<Mutex<String>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let wanted = format!("Bearer {}", token.lock().unwrap());
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let known = head.iter().any(|line| line.split_once(": ").is_some_and(|(_, value)| value == wanted));
            let status = if known { "200 OK" } else { "401 Unauthorized" };
            let answer = "Content-Length: 14\r\nConnection: close\r\n\r\n{\"pending\": 1}";
            // Whoever does not wait for the answer has gone.
            let _ = write!(stream, "HTTP/1.1 {status}\r\n{answer}");
        }
    });
    url
}

#[test]
fn a_token_that_its_issuer_renews() {
    let token = Arc::new(Mutex::new("first".to_owned()));
    let url = service(Arc::clone(&token));
    let dir = tempfile::tempdir().unwrap();
    let file = write(dir.path(), "token", "Bearer first\n");
    let agent = Agent::run(&format!(
        "[[service]]\nname = \"api\"\nurl = {url:?}\ninterval = \"5s\"\n[[service.header]]\nname = \"Authorization\"\n\
         value_file = {file:?}\n[[service.endpoint]]\nname = \"stats\"\npath = \"/stats\"\n[[service.metric]]\n\
         name = \"backpressure_pending_publishes\"\nendpoint = \"stats\"\nat = \"/pending\"\n"
    ));
    let wait_for = |up: f64| {
        agent.until("api", "up is what it should be", |seen| (seen.get("service_up", &[]) == Some(up)).then_some(()));
    };
    wait_for(1.0);
    "second".clone_into(&mut token.lock().unwrap());
    wait_for(0.0);
    replace(dir.path(), "token", "Bearer second\n");
    wait_for(1.0);
    agent.assert_hidden("Bearer");
}

#[test]
fn a_client_certificate_that_is_renewed() {
    if missing(&["redis-server"]) {
        return;
    }
    let (old, new) = (Certificates::new(), Certificates::new());
    let redis = RedisServer::builder().tls(&old, true).start();
    let dir = tempfile::tempdir().unwrap();
    let copy = |from: &Certificates, name: &str| {
        replace(dir.path(), name, &std::fs::read_to_string(from.file(name)).unwrap());
        format!("{:?}", dir.path().join(name))
    };
    let url = format!("rediss://127.0.0.1:{}", redis.tls_port.unwrap());
    let tls = format!(
        "[redis.tls]\nca_file = {:?}\ncert_file = {}\nkey_file = {}\n",
        old.file("ca.crt"),
        copy(&old, "client.crt"),
        copy(&old, "client.key")
    );
    let agent = Agent::run(&(target("main", &url) + &tls));
    wait_for_up(&agent, 1.0);
    // The server trusts the other authority now.
    redis.command::<()>(&["CONFIG", "SET", "tls-ca-cert-file", new.file("ca.crt").to_str().unwrap()]);
    redis.command::<i64>(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    wait_for_up(&agent, 0.0);
    assert_eq!(agent.state("main")["lastErrorReason"], "tls", "{}", agent.state("main"));
    // In the order of a slow writer: between the two they do not belong together.
    copy(&new, "client.crt");
    copy(&new, "client.key");
    wait_for_up(&agent, 1.0);
}
