//! What no engine here can be brought to say.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex};

use super::*;
use crate::support::fake::Fake;

/// What an engine that is none answers.
#[derive(Default)]
struct Script {
    list: Mutex<String>,
    /// Lines for the stream of events; all of them are sent to whoever subscribes, and then each new one.
    events: (Mutex<Vec<String>>, Condvar),
    /// Whether events and inspections are refused, as by a proxy.
    refuses: bool,
}

fn respond(stream: &mut TcpStream, status: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
}

impl Script {
    fn say(&self, line: &str) {
        self.events.0.lock().unwrap().push(format!("{line}\n"));
        self.events.1.notify_all();
    }

    fn show(&self, list: &str) {
        list.clone_into(&mut self.list.lock().unwrap());
    }

    fn serve(&self, stream: TcpStream) {
        let mut requests = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        loop {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if requests.read_line(&mut head).unwrap_or(0) == 0 {
                    return;
                }
            }
            let path = head.split(' ').nth(1).unwrap().to_owned();
            let path = path.strip_prefix("/v1.41").unwrap_or(&path);
            let refused = self.refuses && (path.starts_with("/events") || !path.starts_with("/containers/json"));
            let done = match path {
                "/version" => respond(
                    &mut stream,
                    "200 OK",
                    r#"{"Version":"20.10.0","ApiVersion":"1.41","MinAPIVersion":"1.12","Os":"linux"}"#,
                ),
                _ if refused => respond(&mut stream, "403 Forbidden", "<html>no</html>"),
                _ if path.contains("until=") => respond(&mut stream, "200 OK", ""),
                _ if path.starts_with("/containers/json") => {
                    respond(&mut stream, "200 OK", &self.list.lock().unwrap().clone())
                }
                _ if path.starts_with("/events") => return self.stream(&mut stream),
                _ => respond(&mut stream, "404 Not Found", r#"{"message":"No such container: x"}"#),
            };
            if done.is_err() {
                return;
            }
        }
    }

    fn stream(&self, stream: &mut TcpStream) {
        let (mut sent, (lines, more)) = (0, &self.events);
        if stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err() {
            return;
        }
        let mut known = lines.lock().unwrap();
        loop {
            for line in &known[sent..] {
                // Cut in two: no line is bound to arrive whole.
                let (first, second) = line.as_bytes().split_at(line.len() / 2);
                for part in [first, second] {
                    let chunk = [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
                    if stream.write_all(&chunk).is_err() {
                        return;
                    }
                }
            }
            sent = known.len();
            known = more.wait(known).unwrap();
        }
    }
}

fn engine(script: &Arc<Script>) -> Fake {
    let script = Arc::clone(script);
    Fake::start(move |stream| script.serve(stream))
}

fn table(fake: &Fake, more: &str) -> String {
    let url = format!("tcp://{}", fake.address());
    format!("[[docker]]\nname = \"engine\"\nurl = {url:?}\ninterval = \"1s\"\ndeadline = \"900ms\"\n{more}\n")
}

fn item(id: &str, name: &str, state: &str, status: &str) -> String {
    format!(
        r#"{{"Id":"{id}","Names":["/{name}"],"Image":"web:1","State":"{state}","Status":"{status}","Labels":{{}}}}"#
    )
}

fn event(kind: &str, action: &str, id: &str, name: &str, nanos: i64, more: &str) -> String {
    format!(
        r#"{{"Type":"{kind}","Action":"{action}","Actor":{{"ID":"{id}","Attributes":{{"name":"{name}"{more}}}}},"timeNano":{nanos}}}"#
    )
}

#[test]
fn unknown_states_types_and_actions_cost_nothing_else() {
    let script = Arc::new(Script::default());
    script.show(&format!(
        "[{},{},null,{{\"Id\":7}}]",
        item("a", "web", "running", "Up 5 minutes"),
        item("b", "odd", "frobnicating", "Frobnicating")
    ));
    let fake = engine(&script);
    let agent = Agent::run(&table(&fake, ""));
    until_events(&agent);
    let seen = until_states(&agent, &[("web", "running"), ("odd", "unknown")]);
    assert!(seen.value("manometer_docker_list_items_undecodable_total", &[]) >= 2.0);
    let now = 1_795_553_000_000_000_000;
    script.say(&event("pod", "start", "p", "pod", now, ""));
    script.say(&event("container", "frobnicate", "a", "web", now + 1, ""));
    script.say("{\"Type\":\"container\",\"Action\":");
    script.say("not json at all");
    let label = "x".repeat(300_000);
    script.say(&event("container", "oom", "a", "web", now + 2, &format!(",\"label\":\"{label}\"")));
    script.say(&event("container", "oom", "a", "web", now + 3, &format!(",\"label\":\"{}\"", "x".repeat(2_000_000))));
    // The engine may tell of one kill twice, though not so long after it.
    script.say(&event("container", "oom", "a", "web", now + 5_000_000_000, ""));
    let seen = until_totals(&agent, "web", (0, 0, 2), &[]);
    seen.assert("manometer_docker_events_undecodable_total", &[], 3.0);
    seen.assert("manometer_docker_events_total", &[("action", "other")], 2.0);
    seen.assert("manometer_docker_events_total", &[("action", "oom")], 2.0);
    seen.assert("docker_up", &[], 1.0);
    assert!(!agent.get("/metrics").text().contains("frobnicat"));
}

#[test]
fn more_containers_than_the_limit_are_counted_and_not_watched() {
    let script = Arc::new(Script::default());
    let items: Vec<String> = (0..3000)
        .map(|number| {
            let (state, status) =
                if number < 2990 { ("exited", "Exited (0) 2 days ago") } else { ("running", "Up 2 days") };
            item(&format!("{number:064}"), &format!("c{number:04}"), state, status)
        })
        .collect();
    script.show(&format!("[{}]", items.join(",")));
    let fake = engine(&script);
    let agent = Agent::run(&table(&fake, "max_containers = 20"));
    // All in one look: a poll that is late takes the containers away, and not the counts.
    let names = agent.until("engine", "the list is there", |seen| {
        let names = seen.label_values("container_state", "name");
        (!names.is_empty()).then(|| {
            seen.assert("manometer_docker_containers_watched", &[], 20.0);
            seen.assert("manometer_docker_containers_ignored", &[("reason", "limit")], 2980.0);
            names
        })
    });
    let first = (0..10).map(|number| format!("c{number:04}"));
    let expected: std::collections::BTreeSet<String> =
        first.chain((2990..3000).map(|number| format!("c{number:04}"))).collect();
    assert_eq!(names, expected, "those that run, and then the first by name");
}

#[test]
fn an_engine_that_refuses_events_and_inspections_is_watched_by_its_lists() {
    let script = Arc::new(Script { refuses: true, ..Script::default() });
    script.show(&format!("[{}]", item("a", "web", "running", "Up 5 minutes")));
    let fake = engine(&script);
    let agent = Agent::run(&table(&fake, ""));
    let seen = until_states(&agent, &[("web", "running")]);
    for (endpoint, may) in [("list", 1.0), ("events", 0.0), ("inspect", 0.0)] {
        seen.assert("manometer_docker_capability", &[("endpoint", endpoint)], may);
    }
    agent.next_poll("engine");
    script.show(&format!("[{}]", item("a", "web", "exited", "Exited (3) Less than a second ago")));
    until_totals(&agent, "web", (0, 0, 0), &[("error", 1)]);
    script.show(&format!("[{}]", item("a", "web", "running", "Up Less than a second")));
    until_totals(&agent, "web", (1, 1, 0), &[("error", 1)]);
    script.show("[]");
    let seen = until_totals(&agent, "web", (1, 1, 0), &[("error", 1), ("unknown", 1)]);
    assert_eq!(state(&seen, "web").as_deref(), Some("removed"));
    seen.assert("docker_up", &[], 1.0);
}
