//! The runbooks as pages: what to do about an alert, from the agent itself, for when nothing else can be reached.

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, html};

use super::page::escape;

/// Where the pages are served; a page's name follows.
pub(super) const PATH: &str = "/runbooks/";

/// Light or dark as the reader has it, and black on white on paper.
const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
pre { padding: .6rem .8rem; background: #8881; border-left: 4px solid #8886; white-space: pre-wrap; }
pre.change { border-color: #ad5700; } pre.destructive { border-color: #cd2b31; }
@media print { body { margin: 0; max-width: none; font-size: 11pt; color: #000; background: #fff; } nav { display: none; } }
";

/// A page of Markdown as HTML. HTML in it is left out, and links that lead away from the pages are not links.
pub(super) fn render(markdown: &str) -> String {
    let mut is_away = false;
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).filter_map(|event| match event {
        Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => None,
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let page = page_of(&dest_url).map(CowStr::from);
            is_away = page.is_none();
            page.map(|dest_url| Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        Event::End(TagEnd::Link) if is_away => None,
        Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
            // `sh destructive`: the second word says what the commands do.
            let does = info.split_whitespace().nth(1).unwrap_or("run");
            Some(Event::Html(format!("<pre class=\"{}\"><code>", escape(does)).into()))
        }
        Event::End(TagEnd::CodeBlock) => Some(Event::Html("</code></pre>\n".into())),
        other => Some(other),
    });
    let mut body = String::new();
    html::push_html(&mut body, events);
    let title = markdown.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or("Runbook");
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<nav><a href=\"/\">manometer</a> <a href=\"{PATH}\">runbooks</a></nav>\n\
         {body}</body>\n</html>\n",
        escape(title),
    )
}

/// Where the page is that a link of another one leads to.
fn page_of(link: &str) -> Option<String> {
    let (file, anchor) = link.split_once('#').map_or((link, ""), |(file, anchor)| (file, anchor));
    let name = file.strip_suffix(".md").filter(|name| !name.contains('/'))?;
    let name = if name == "README" { "" } else { name };
    let anchor = if anchor.is_empty() { String::new() } else { format!("#{anchor}") };
    Some(format!("{PATH}{name}{anchor}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_a_page_of_its_own() {
        let page = render(
            "# RedisDown\n\n<!-- rendered -->\n| a | b |\n|---|---|\n| 1 | `x<y` |\n\nSee [that](ContainerDown.md) and \
             [all](../ALERTS.md), [the index](README.md).\n\n```sh destructive\nrm <file>\n```\n",
        );
        for part in [
            "<title>RedisDown</title>",
            "<h1>RedisDown</h1>",
            "<td>1</td><td><code>x&lt;y</code></td>",
            "See <a href=\"/runbooks/ContainerDown\">that</a> and all, <a href=\"/runbooks/\">the index</a>.",
            "<pre class=\"destructive\"><code>rm &lt;file&gt;\n</code></pre>",
        ] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
        assert!(!page.contains("rendered"), "{page}");
    }
}
