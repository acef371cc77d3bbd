//! The description of a metric whose name is not known when the agent is built: a user's mapping defines it.

use std::borrow::Cow;

use super::{Kind, MetricInfo, text, vocabulary};

/// Name, type, labels and help of a metric that a configuration defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The whole name.
    pub name: Cow<'static, str>,
    /// Gauge, counter or untyped.
    pub kind: Kind,
    /// Label names in the order in which values are pushed.
    pub labels: Vec<Cow<'static, str>>,
    /// One sentence for `# HELP`.
    pub help: Cow<'static, str>,
}

impl Definition {
    /// What is wrong with the name and the label names, and how to mend it.
    pub fn check(&self) -> Result<(), String> {
        self.check_borrowed()?;
        let name = &self.name;
        match self.kind {
            Kind::Counter if !name.ends_with("_total") => {
                return Err(format!(
                    "a counter's name ends in _total; name it {name}_total, or say whose name it is with named_by"
                ));
            }
            Kind::Gauge | Kind::Untyped if name.ends_with("_total") => {
                return Err("only a counter's name ends in _total; rename it, or set type = \"counter\"".to_owned());
            }
            _ => {}
        }
        // What Prometheus would read as a part of a histogram or summary of the shorter name.
        if let Some(suffix) = ["_bucket", "_count", "_sum"].iter().find(|suffix| name.ends_with(**suffix)) {
            return Err(format!("names that end in {suffix} belong to histograms and summaries; rename it"));
        }
        Ok(())
    }

    /// The same of a name that another exporter made up: no more than what would break something.
    pub fn check_borrowed(&self) -> Result<(), String> {
        let name = &self.name;
        if !text::is_metric_name(name) {
            return Err(format!("{name:?} is no metric name; use letters, digits and _, a letter first"));
        }
        if vocabulary::is_of_prometheus(name) {
            return Err(format!("{name} is a metric of Prometheus itself; rename it"));
        }
        for label in &self.labels {
            check_label(label)?;
        }
        Ok(())
    }
}

fn check_label(label: &str) -> Result<(), String> {
    if label.starts_with("__") {
        return Err(format!("label {label}: names that begin with __ belong to Prometheus; rename it"));
    }
    if !text::is_label_name(label) {
        return Err(format!("{label:?} is no label name; use letters, digits and _, a letter first"));
    }
    if ["target", "le", "quantile", "job", "instance"].contains(&label) {
        return Err(format!("label {label} is set by the agent or by Prometheus; rename it"));
    }
    Ok(())
}

impl From<&MetricInfo> for Definition {
    fn from(info: &MetricInfo) -> Self {
        Self {
            name: Cow::Borrowed(info.name),
            kind: info.kind,
            labels: info.labels.iter().map(|label| Cow::Borrowed(*label)).collect(),
            help: Cow::Borrowed(info.help),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &'static str, kind: Kind, labels: &[&'static str]) -> Result<(), String> {
        let labels = labels.iter().map(|label| Cow::Borrowed(*label)).collect();
        Definition { name: name.into(), kind, labels, help: "".into() }.check()
    }

    #[test]
    fn names_that_prometheus_would_misread_are_refused() {
        assert_eq!(check("orders_pending", Kind::Gauge, &["queue"]), Ok(()));
        assert_eq!(check("orders_total", Kind::Counter, &[]), Ok(()));
        let wrong = |name, kind| check(name, kind, &[]).unwrap_err();
        assert_eq!(wrong("a-b", Kind::Gauge), "\"a-b\" is no metric name; use letters, digits and _, a letter first");
        assert_eq!(wrong("up", Kind::Gauge), "up is a metric of Prometheus itself; rename it");
        assert_eq!(
            wrong("orders", Kind::Counter),
            "a counter's name ends in _total; name it orders_total, or say whose name it is with named_by"
        );
        let borrowed = |name: &'static str, kind| {
            Definition { name: name.into(), kind, labels: Vec::new(), help: "".into() }.check_borrowed()
        };
        assert_eq!(borrowed("nginx_connections_accepted", Kind::Counter), Ok(()));
        assert_eq!(borrowed("phpfpm_processes_total", Kind::Gauge), Ok(()));
        assert_eq!(borrowed("up", Kind::Gauge), Err(wrong("up", Kind::Gauge)));
        assert_eq!(
            wrong("orders_total", Kind::Gauge),
            "only a counter's name ends in _total; rename it, or set type = \"counter\""
        );
        assert_eq!(
            wrong("orders_sum", Kind::Gauge),
            "names that end in _sum belong to histograms and summaries; rename it"
        );
    }

    #[test]
    fn labels_that_others_set_are_refused() {
        let wrong = |label| check("orders", Kind::Gauge, &[label]).unwrap_err();
        assert_eq!(wrong("target"), "label target is set by the agent or by Prometheus; rename it");
        assert_eq!(wrong("__name__"), "label __name__: names that begin with __ belong to Prometheus; rename it");
        assert_eq!(wrong("a:b"), "\"a:b\" is no label name; use letters, digits and _, a letter first");
    }
}
