use super::*;

#[test]
fn a_document_is_laid_out_as_people_write_it() {
    let rule = Yaml::map([
        ("alert", Yaml::text("A")),
        ("expr", Yaml::text("a\nor\n(\n  b\n)")),
        ("for", Yaml::plain("5m")),
        ("labels", Yaml::map([("severity".to_owned(), Yaml::text("warning"))])),
    ]);
    let groups = Yaml::List(vec![rule.commented("Why it is so."), Yaml::text("b")]);
    assert_eq!(
        Yaml::map([("groups", groups)]).document("Header."),
        "# Header.\ngroups:\n  # Why it is so.\n  - alert: A\n    expr: |-\n      a\n      or\n      (\n        b\n      )\n    \
         for: 5m\n    labels:\n      severity: warning\n  - b\n"
    );
}

#[test]
fn what_is_short_or_empty_stands_on_one_line() {
    let items = Yaml::List(vec![Yaml::plain("a=\"b\""), Yaml::text("5")]).inline();
    let labels = Yaml::map([("a", Yaml::Quoted("b".to_owned())), ("c", Yaml::text("d"))]).inline();
    let entries = [("items", items.commented("Why.")), ("labels", labels), ("none", Yaml::List(Vec::new()))];
    let text = Yaml::map(entries).document("");
    assert_eq!(text, "# Why.\nitems: [a=\"b\", '5']\nlabels: {a: 'b', c: d}\nnone: []\n");
    assert_eq!(Yaml::Map(Vec::new()).document("Nothing."), "# Nothing.\n");
}

#[test]
fn texts_are_quoted_where_they_would_mean_something_else() {
    let scalar = |text: &str| Yaml::text(text).scalar(0);
    for text in
        ["redis_up{job=\"a\"} == 0", "A sentence.", "(a > 0) / b", "manometer:threshold:rendered", "a#b", "it's"]
    {
        assert_eq!(scalar(text), text);
    }
    for text in
        ["5", "", "- a", "{{ $value }}", "a: b", "a #b", "a:", "a ", " a", "yes", "Null", "'a'", "*", "\"a\"", "#"]
    {
        assert_eq!(scalar(text), format!("'{}'", text.replace('\'', "''")));
    }
}

/// What is written is read back as it was, by a parser of YAML.
#[test]
fn texts_survive() {
    for text in
        ["a: b", "it's", "'", "5m", "yes", "x\ny", "x\n  y\nz", "{{ a }}", "ä \"b\" \\c", "0x1f", "~", "- a", "? a"]
    {
        let document = Yaml::map([("text", Yaml::text(text))]).document("");
        let read: std::collections::BTreeMap<String, String> = serde_saphyr::from_str(&document).unwrap();
        assert_eq!(read["text"], text, "{document}");
    }
}

#[test]
fn comments_are_broken_at_words() {
    let mut out = String::new();
    write_comment(&mut out, &"word ".repeat(30), 4);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| line.starts_with("    # word") && line.len() <= 118), "{out}");
}
