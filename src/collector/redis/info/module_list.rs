//! The modules that are loaded: the `module:` lines of the section Modules.

use super::scan;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    MODULE_INFO: gauge "redis_module_info" ["name", "ver", "api", "filters", "usedby", "using"] Info,
        "A module that is loaded.", "INFO modules, Redis >= 5.0";
}

/// A loaded module; each part is the text that the server sends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Module {
    /// Its name.
    pub(super) name: Box<str>,
    /// Its version: one number, whose form is the module's own.
    pub(super) version: Box<str>,
    /// The version of the module API.
    pub(super) api: Box<str>,
    /// Command filters that it has installed.
    pub(super) filters: Box<str>,
    /// Modules that use it: `[a|b]`.
    pub(super) used_by: Box<str>,
    /// Modules that it uses: `[a|b]`.
    pub(super) using: Box<str>,
}

/// Reads `name=search,ver=20811,api=1,filters=0,usedby=[],using=[ReJSON],options=[]`; `None` without a name.
pub(super) fn parse(value: &[u8]) -> Option<Module> {
    let mut module = Module::default();
    for (name, value) in scan::pairs(value) {
        let place = match name {
            b"name" => &mut module.name,
            b"ver" => &mut module.version,
            b"api" => &mut module.api,
            b"filters" => &mut module.filters,
            b"usedby" => &mut module.used_by,
            b"using" => &mut module.using,
            _ => continue,
        };
        *place = scan::text(value);
    }
    (!module.name.is_empty()).then_some(module)
}

/// Exports the modules.
pub(super) fn export(modules: &[Module], out: &mut Families) {
    for module in modules {
        let labels =
            [&*module.name, &*module.version, &*module.api, &*module.filters, &*module.used_by, &*module.using];
        out.push(&MODULE_INFO, labels, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_line_becomes_labels_as_sent() {
        let line = b"name=search,ver=20811,api=1,filters=0,usedby=[],using=[ReJSON|ts],options=[handle-io-errors]";
        let mut out = Families::new();
        export(&[parse(line).unwrap()], &mut out);
        let values: Vec<_> = out.get("redis_module_info").unwrap().values().collect();
        let labels = r#"name="search",ver="20811",api="1",filters="0",usedby="[]",using="[ReJSON|ts]""#;
        assert_eq!(values, [(labels, 1.0)]);
        assert_eq!(parse(b"ver=1"), None);
        assert_eq!(parse(b""), None);
    }
}
