//! `${VARIABLE}` and `${VARIABLE:-default}` in configuration values.

/// `text` with its references replaced. `$$` is a literal dollar sign.
///
/// Values are expanded after the TOML was parsed, so that no value can add keys. The error names the reference, never a
/// variable's content.
pub(crate) fn expand(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            rest = tail;
        } else if let Some(body) = after.strip_prefix('{') {
            let Some(end) = body.find('}') else {
                return Err("\"${\" without \"}\"; close it, or write $$ for a dollar sign".to_owned());
            };
            out.push_str(&lookup(&body[..end], env)?);
            rest = &body[end + 1..];
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn lookup(reference: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    let valid = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !valid {
        return Err(format!("${{{name}}} is not a variable name; use letters, digits and _"));
    }
    match (env(name).filter(|value| !value.is_empty()), default) {
        (Some(value), _) => Ok(value),
        (None, Some(default)) => Ok(default.to_owned()),
        (None, None) => {
            Err(format!("the environment variable {name} is not set; set it, or write ${{{name}:-default}}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_env(text: &str) -> Result<String, String> {
        expand(text, &|name| match name {
            "HOST" => Some("redis-1".to_owned()),
            "EMPTY" => Some(String::new()),
            "TRICKY" => Some("a\"\n[web]".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn references_are_replaced() {
        assert_eq!(with_env("redis://${HOST}:6379").unwrap(), "redis://redis-1:6379");
        assert_eq!(with_env("${PORT:-6379}").unwrap(), "6379");
        assert_eq!(with_env("${EMPTY:-x}${NONE:-}").unwrap(), "x");
        assert_eq!(with_env("pa$$word$5").unwrap(), "pa$word$5");
        assert_eq!(with_env("${TRICKY}").unwrap(), "a\"\n[web]");
    }

    #[test]
    fn what_cannot_be_replaced_is_named() {
        assert_eq!(
            with_env("${NONE}").unwrap_err(),
            "the environment variable NONE is not set; set it, or write ${NONE:-default}"
        );
        assert_eq!(with_env("a${b").unwrap_err(), "\"${\" without \"}\"; close it, or write $$ for a dollar sign");
        assert_eq!(with_env("${a b}").unwrap_err(), "${a b} is not a variable name; use letters, digits and _");
    }
}
