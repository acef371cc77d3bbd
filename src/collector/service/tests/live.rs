//! Polls of a service that listens, one that hangs, and one that is away.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::polls::{TWO, state};
use super::*;

/// A service that gives each path its answer, as often as it is asked; without an answer it hangs up. The paths that it
/// was asked for come out of the channel.
async fn serve(answers: Vec<(&'static str, &'static str)>) -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (asked, paths) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (reader, mut writer) = socket.split();
            let mut lines = BufReader::new(reader).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let Some(path) = line.strip_prefix("GET ") else { continue };
                let path = path.trim_end_matches(" HTTP/1.1").to_owned();
                while lines.next_line().await.is_ok_and(|line| line.is_some_and(|line| !line.is_empty())) {}
                let answer = answers.iter().find(|(known, _)| path == *known).map(|(_, answer)| *answer);
                asked.send(path).unwrap();
                let Some((status, body)) = answer.and_then(|answer| answer.split_once(' ')) else { break };
                let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len());
                writer.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            }
        }
    });
    (url, paths)
}

/// A collector of that service.
fn collector(url: &str, keys: &str) -> ServiceCollector {
    let text = format!("[[service]]\nname = \"s\"\nurl = {url:?}\n{keys}");
    ServiceCollector::new(parsed(&text).remove(0))
}

fn asked(paths: &mut tokio::sync::mpsc::UnboundedReceiver<String>) -> Vec<String> {
    std::iter::from_fn(|| paths.try_recv().ok()).collect()
}

#[tokio::test]
async fn the_service_that_is_away_or_hangs_says_0_of_its_redis() {
    let status = |collector: &ServiceCollector| {
        let mut families = Families::new();
        collector.export_state(&mut families);
        samples(families).into_iter().filter(|line| line.starts_with("redis_")).collect::<Vec<_>>()
    };
    let mut away = collector("http://127.0.0.1:1", "profile = \"cache-api\"\n");
    assert_eq!(away.poll().await.unwrap_err().reason, Reason::Refused);
    assert_eq!(status(&away), ["redis_connection_status 0"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut hangs = collector(&url, "profile = \"cache-api\"\ndeadline = \"100ms\"\n");
    assert_eq!(hangs.poll().await.unwrap_err().reason, Reason::Timeout);
    assert_eq!(status(&hangs), ["redis_connection_status 0"]);
    // A poll that its deadline ends has told nothing either.
    let mut ended = collector(&url, "profile = \"cache-api\"\n");
    assert!(tokio::time::timeout(Duration::ZERO, ended.poll()).await.is_err());
    assert_eq!(status(&ended), ["redis_connection_status 0"]);
}

#[tokio::test]
async fn a_fallback_is_asked_in_the_poll_in_which_the_other_fails() {
    let answers = vec![("/numbers?key=hunter2", "500 "), ("/texts", "200 {\"waiting\": \"5\"}"), ("/details", "404 ")];
    let (url, mut paths) = serve(answers).await;
    let mut collector = collector(&url, &format!("max_requests = 3\n{TWO}"));
    let snapshot = collector.poll().await.unwrap();
    assert_eq!(exported(&snapshot), ["waiting 5"]);
    assert_eq!(asked(&mut paths), ["/numbers?key=hunter2", "/texts", "/details"]);
    assert_eq!(state(&collector, "service_endpoint_up"), ["numbers 0", "texts 1"]);
    assert_eq!(state(&collector, "service_endpoint_http_status"), ["details 404", "numbers 500", "texts 200"]);
}

#[tokio::test]
async fn a_poll_asks_no_more_than_its_budget() {
    let answers = vec![("/numbers?key=hunter2", "500 "), ("/texts", "200 {\"waiting\": \"5\"}")];
    let (url, mut paths) = serve(answers).await;
    let mut collector = collector(&url, &format!("max_requests = 1\n{TWO}"));
    let error = collector.poll().await.unwrap_err();
    assert_eq!(error.to_string(), format!("GET {url}/numbers: HTTP status 500; look at the log of the service"));
    assert_eq!(asked(&mut paths), ["/numbers?key=hunter2"]);
}

#[tokio::test]
async fn a_service_that_is_away_takes_all_of_its_numbers_with_it() {
    let (url, mut paths) = serve(vec![
        ("/numbers?key=hunter2", "200 {\"waiting\": 3}"),
        ("/details", "200 {\"count\": 10}"),
        ("/metrics", "200 orders 1"),
    ])
    .await;
    let mut collector = collector(&url, TWO);
    let snapshot = collector.poll().await.unwrap();
    assert_eq!(
        exported(&snapshot),
        ["details_total 10", "orders 1", "service_pass_through_refused{endpoint=\"series\"} 0", "waiting 3"]
    );
    assert_eq!(asked(&mut paths), ["/numbers?key=hunter2", "/details", "/metrics"]);
    // Port 1 refuses: only one connection is tried, and nothing is held.
    collector.client = Ok(Client::new(&target(TWO).url, Settings::default()).unwrap());
    let error = collector.poll().await.unwrap_err();
    assert_eq!(error.reason, Reason::Refused);
    assert_eq!(state(&collector, "service_endpoint_requests_total"), ["details 1", "numbers 2", "series 1"]);
    assert!(collector.states.iter().all(|state| state.report.is_none() && state.passing.is_empty()));
}
