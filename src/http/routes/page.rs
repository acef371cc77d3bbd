//! The status page: links, and the state of the targets.

use std::fmt::Write as _;

use reader::{in_calendar, visible};

use super::json::health;
use crate::hub::TargetStatus;

const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5">
<title>manometer</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin: 0; } h1 small { font-weight: normal; font-size: 60%; opacity: .7; }
nav { margin: .5rem 0 1.5rem; } nav a { margin-right: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.up { color: #18794e; } .down { color: #cd2b31; font-weight: bold; } .unknown { opacity: .6; }
.error, .note { font-size: 90%; } .note { opacity: .8; }
</style>
</head>
"#;

/// The page.
pub(super) fn render(environment: Option<&str>, statuses: &[TargetStatus], notices: &[String]) -> String {
    let mut out = String::from(HEAD);
    let up = statuses.iter().filter(|status| status.up()).count();
    // Writing to a String cannot fail, here and below.
    let _ = write!(
        out,
        "<body>\n<h1>manometer <small>{} {}</small></h1>\n\
         <nav><a href=\"/metrics\">metrics</a> <a href=\"/api/v1/targets\">targets (JSON)</a> <a href=\"/api/v1/topology\">topology (JSON)</a> <a href=\"/sd\">service \
         discovery</a> <a href=\"/runbooks/\">runbooks</a> <a href=\"/-/healthy\">healthy</a> <a href=\"/-/ready\">ready</a></nav>\n\
         <p>{up} of {} targets up</p>\n",
        env!("CARGO_PKG_VERSION"),
        escape(environment.unwrap_or_default()),
        statuses.len(),
    );
    if !notices.is_empty() {
        out.push_str("<p>Problems with discovered targets:</p>\n<ul class=\"note\">\n");
        for notice in notices {
            let _ = writeln!(out, "<li>{}</li>", escape(notice));
        }
        out.push_str("</ul>\n");
    }
    out.push_str(
        "<table>\n<tr><th>target</th><th>kind</th><th>address</th><th>state</th><th class=\"number\">last \
         poll</th><th class=\"number\">polls</th><th class=\"number\">failed</th><th>last poll at</th></tr>\n",
    );
    for status in statuses {
        row(&mut out, status);
    }
    out.push_str("</table>\n</body>\n</html>\n");
    out
}

fn row(out: &mut String, status: &TargetStatus) {
    let health = health(status);
    let name = escape(&status.key.to_string());
    let node = status.key.node.as_ref().map(|node| ("node", node));
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("target", &status.key.target)
        .extend_pairs(node)
        .finish();
    let query = escape(&query);
    let last_poll =
        status.last_poll.map(|at| humantime::format_rfc3339_seconds(in_calendar(at)).to_string()).unwrap_or_default();
    let _ = writeln!(
        out,
        "<tr><td><a href=\"/scrape?{query}\">{name}</a></td><td>{}</td><td>{}</td><td class=\"{health}\">{health}\
         </td><td class=\"number\">{:.1} ms</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td>{last_poll}\
         </td></tr>",
        status.collector,
        escape(&status.address),
        status.last_duration.as_secs_f64() * 1e3,
        status.polls,
        status.failures,
    );
    if let Some(error) = &status.error {
        let _ =
            writeln!(out, "<tr><td></td><td colspan=\"7\" class=\"error\">{}</td></tr>", escape(&error.to_string()));
    }
    let source = status.source.as_ref().map(|source| format!("found by: {source}"));
    for note in source.iter().chain(&status.notes) {
        let _ = writeln!(out, "<tr><td></td><td colspan=\"7\" class=\"note\">{}</td></tr>", escape(note));
    }
}

/// `text` as HTML text or attribute value, in which nothing hides.
pub(super) fn escape(text: &str) -> String {
    visible(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
