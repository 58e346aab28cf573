//! The format of `stored_tokens`: sections of keys and values, as Python's `configparser` reads and writes them (with
//! `interpolation=None`).
//!
//! Read: comments start with `#` or `;`, keys end at the first `=` or `:` and are lower case, indented lines go on with
//! a value. What `configparser` refuses is refused here, with the line's number and never its text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Sections by name, each with its keys in order.
pub(crate) type Sections = BTreeMap<String, Vec<(String, String)>>;

/// The section whose keys all others have as well.
const DEFAULT: &str = "DEFAULT";

/// Reads a file's text; what is wrong with it, otherwise.
pub(crate) fn parse(text: &str) -> Result<Sections, String> {
    let mut reader = Reader::default();
    for (number, line) in text.lines().enumerate() {
        reader.line(line.trim_end_matches('\r')).map_err(|why| format!("line {}: {why}", number + 1))?;
    }
    let mut sections = reader.sections;
    for (_, value) in sections.values_mut().flatten() {
        value.truncate(value.trim_end().len());
    }
    let shared = sections.remove(DEFAULT).unwrap_or_default();
    for keys in sections.values_mut() {
        for (key, value) in &shared {
            if !keys.iter().any(|(own, _)| own == key) {
                keys.push((key.clone(), value.clone()));
            }
        }
    }
    Ok(sections)
}

/// Writes what [`parse`] reads.
pub(crate) fn format(sections: &Sections) -> String {
    let mut text = String::new();
    for (name, keys) in sections {
        // Writing to a String can't fail.
        let _ = writeln!(text, "[{name}]");
        for (key, value) in keys {
            let _ = writeln!(text, "{key} = {}", value.replace('\n', "\n\t"));
        }
        text.push('\n');
    }
    text
}

/// Whether a section may have this name: one line, and not the one with a meaning of its own.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name != DEFAULT && !name.contains(char::is_control)
}

#[derive(Default)]
struct Reader {
    sections: Sections,
    section: Option<String>,
    /// How far the last key was indented: what stands deeper goes on with its value.
    indent: usize,
    /// Whether a value can go on.
    open: bool,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let text = line.trim();
        if text.starts_with(['#', ';']) {
            return Ok(());
        }
        if text.is_empty() {
            // It belongs to the value, unless nothing follows.
            if let Some(value) = self.value() {
                value.push('\n');
            }
            return Ok(());
        }
        let indent = line.len() - line.trim_start().len();
        if indent > self.indent
            && let Some(value) = self.value()
        {
            value.push('\n');
            value.push_str(text);
            return Ok(());
        }
        self.indent = indent;
        self.open = false;
        if let Some(name) = section(text) {
            if name != DEFAULT && self.sections.contains_key(name) {
                return Err("the section is there twice".to_owned());
            }
            self.sections.entry(name.to_owned()).or_default();
            self.section = Some(name.to_owned());
            return Ok(());
        }
        let Some(keys) = self.section.as_ref().and_then(|name| self.sections.get_mut(name)) else {
            return Err("it stands before the first section".to_owned());
        };
        let (key, value) = text.split_once(['=', ':']).ok_or("neither a section nor a key with a value")?;
        let key = key.trim().to_lowercase();
        if key.is_empty() {
            return Err("a value without a key".to_owned());
        }
        if keys.iter().any(|(known, _)| *known == key) {
            return Err("the key is there twice".to_owned());
        }
        keys.push((key, value.trim().to_owned()));
        self.open = true;
        Ok(())
    }

    /// The value that the next line may go on with.
    fn value(&mut self) -> Option<&mut String> {
        let name = self.section.as_ref().filter(|_| self.open)?;
        self.sections.get_mut(name)?.last_mut().map(|(_, value)| value)
    }
}

/// `[name]`, up to the last bracket of the line.
fn section(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('[')?;
    Some(&rest[..rest.rfind(']')?]).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, Vec<(String, String)>)> {
        parse(text).unwrap_or_else(|why| panic!("{text:?}: {why}")).into_iter().collect()
    }

    fn one(name: &str, keys: &[(&str, &str)]) -> (String, Vec<(String, String)>) {
        (name.to_owned(), keys.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn what_is_written_is_read() {
        let sections = Sections::from([
            one("a b]c", &[("hf_token", "hf_%(x)s=:#;"), ("expires_at", "1")]),
            one("été", &[("hf_token", "two\nlines")]),
        ]);
        let text = format(&sections);
        assert!(text.starts_with("[a b]c]\nhf_token = hf_%(x)s=:#;\nexpires_at = 1\n\n[été]\n"), "{text}");
        assert_eq!(parse(&text).unwrap(), sections);
        assert_eq!(format(&Sections::new()), "");
    }

    #[test]
    fn what_configparser_reads() {
        assert_eq!(read(""), []);
        assert_eq!(read("# a\n; b\n\n[x]\r\nHF_Token : v \r\n"), [one("x", &[("hf_token", "v")])]);
        assert_eq!(read("[x] y\nk=v\n  more\n\n  yet\n\n\n"), [one("x", &[("k", "v\nmore\n\nyet")])]);
        assert_eq!(read("[x]\nk =\n[y]"), [one("x", &[("k", "")]), one("y", &[])]);
        assert_eq!(read("[DEFAULT]\na=1\n[x]\nb=2\n"), [one("x", &[("b", "2"), ("a", "1")])]);
        assert_eq!(read("  [x]\n  k=v\n"), [one("x", &[("k", "v")])]);
    }

    #[test]
    fn what_it_refuses() {
        for text in ["k=v", "[x]\nno value", "[x]\n[x]", "[x]\nk=1\nK=2", "[x]\n=v", "[]\n"] {
            let why = parse(text).unwrap_err();
            assert!(why.starts_with("line "), "{text:?}: {why}");
        }
        assert!(!parse("[x]\nhf_secret").unwrap_err().contains("hf_secret"), "a token may stand there");
        assert!(is_name("a b") && !is_name("") && !is_name("DEFAULT") && !is_name("a\nb"));
    }
}
