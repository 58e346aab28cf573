//! Faults as data: rules that say which requests go wrong, and how. Their format is told in `faults.txt`.

use std::path::Path;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};

pub(super) use super::action::Action;
use super::glob::{Slash, matches};
use super::wire::Port;

/// The format of a fault file, for people.
pub(crate) const FAULT_HELP: &str = include_str!("faults.txt");

/// One rule: what goes wrong, and where.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    #[serde(rename = "match", default)]
    when: Match,
    #[serde(rename = "do")]
    act: Action,
}

/// Which requests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Match {
    path: Option<String>,
    method: Option<String>,
    port: Ports,
    range_from: Option<u64>,
    skip: u64,
    times: u64,
}

impl Default for Match {
    fn default() -> Self {
        Match { path: None, method: None, port: Ports::Any, range_from: None, skip: 0, times: 1 }
    }
}

#[derive(Debug, Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Ports {
    Hub,
    Cdn,
    Any,
}

/// What a rule looks at in a request.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) port: Port,
    pub(super) method: String,
    /// Percent-decoded.
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) range_from: Option<u64>,
    /// The length of its body, where that is told.
    pub(super) body: Option<u64>,
}

/// What a rule on the body looks at in the answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered {
    /// The bytes of the file that it will send, `start..end`, where it is a file.
    pub(super) covers: Option<(u64, u64)>,
    /// Whether it answers a range.
    pub(super) ranged: bool,
}

impl Match {
    fn takes(&self, asked: &Asked) -> bool {
        let port = match self.port {
            Ports::Any => true,
            Ports::Hub => asked.port == Port::Hub,
            Ports::Cdn => asked.port == Port::Cdn,
        };
        let path = self.path.as_deref().is_none_or(|pattern| {
            let with_query = asked.query.as_ref().map(|query| format!("{}?{query}", asked.path));
            let texts = [Some(asked.path.as_str()), with_query.as_deref()];
            let glob = pattern.contains('*');
            let takes = |text: &str| {
                if glob { matches(pattern, text, Slash::Passes) } else { text.contains(pattern) }
            };
            texts.into_iter().flatten().any(takes)
        });
        port && path
            && self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&asked.method))
            && self.range_from.is_none_or(|from| asked.range_from.is_some_and(|start| start >= from))
    }
}

/// A rule and how often it was met.
struct Armed {
    fault: Fault,
    met: AtomicU64,
}

impl Armed {
    /// Counts a match; whether it is the rule's turn to act.
    fn meet(&self) -> bool {
        let Match { skip, times, .. } = self.fault.when;
        let met = self.met.fetch_add(1, Ordering::Relaxed);
        met >= skip && (times == 0 || met - skip < times)
    }
}

/// The rules in force.
#[derive(Default)]
pub(super) struct Faults {
    rules: RwLock<Arc<Vec<Armed>>>,
}

impl Faults {
    pub(super) fn new(faults: Vec<Fault>) -> Faults {
        let rules = Faults::default();
        rules.replace(faults);
        rules
    }

    pub(super) fn replace(&self, faults: Vec<Fault>) {
        let armed = faults.into_iter().map(|fault| Armed { fault, met: AtomicU64::new(0) }).collect();
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(armed);
    }

    /// What to do to a request before it is answered.
    pub(super) fn on_request(&self, asked: &Asked) -> Action {
        self.gather(|action| action.fits_request(asked), asked)
    }

    /// What to do to an answer of that status, whatever its body.
    pub(super) fn on_answer(&self, asked: &Asked, status: u16) -> Action {
        self.gather(|action| action.instead_of == Some(status), asked)
    }

    /// What to do to an answer with a body.
    pub(super) fn on_body(&self, asked: &Asked, answer: &Answered) -> Action {
        self.gather(|action| action.is_on_body() && action.fits(answer), asked)
    }

    fn gather(&self, fits: impl Fn(&Action) -> bool, asked: &Asked) -> Action {
        let rules = Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner));
        let mut joined = Action::default();
        for rule in rules.iter().filter(|rule| fits(&rule.fault.act) && rule.fault.when.takes(asked)) {
            if rule.meet() {
                joined.join(rule.fault.act.clone());
            }
        }
        joined
    }

    /// How often each rule was met and acted, in the order of the rules.
    pub(super) fn counts(&self) -> Value {
        let rules = Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner));
        let count = |rule: &Armed| {
            let Match { skip, times, .. } = rule.fault.when;
            let met = rule.met.load(Ordering::Relaxed);
            let due = met.saturating_sub(skip);
            json!({"met": met, "acted": if times == 0 { due } else { due.min(times) }})
        };
        rules.iter().map(count).collect()
    }
}

/// Reads rules out of JSON text.
pub(super) fn parse(text: &[u8]) -> Result<Vec<Fault>, String> {
    serde_json::from_slice(text).map_err(|error| format!("not a list of faults: {error}"))
}

/// Reads the rules of a fault file.
pub(crate) fn read_faults(path: &Path) -> Result<Vec<Fault>, String> {
    let text = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&text).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(path: &str, range_from: Option<u64>) -> Asked {
        Asked {
            port: Port::Cdn,
            method: "GET".into(),
            path: path.into(),
            query: Some("a=1".into()),
            range_from,
            body: Some(100),
        }
    }

    fn faults(text: &str) -> Faults {
        Faults::new(parse(text.as_bytes()).expect("reads"))
    }

    const FILE: Answered = Answered { covers: Some((100, 200)), ranged: true };

    #[test]
    fn rules_count_their_matches() {
        let rules = faults(r#"[{"match":{"path":"x","skip":1,"times":2},"do":{"status":503}}]"#);
        let turns: Vec<_> = (0..5).map(|_| rules.on_request(&asked("/x", None)).status.is_some()).collect();
        assert_eq!(turns, [false, true, true, false, false]);
        let rules = faults(r#"[{"match":{"times":0},"do":{"refuse":true}}]"#);
        assert!((0..5).all(|_| rules.on_request(&asked("/x", None)).refuse));
        assert_eq!(rules.counts()[0]["acted"], 5);
    }

    #[test]
    fn rules_look_at_path_method_port_and_range() {
        let acts = |condition: &str, asked: &Asked| {
            let rules = faults(&format!(r#"[{{"match":{condition},"do":{{"delay_ms":1}}}}]"#));
            rules.on_request(asked).delay_ms.is_some()
        };
        let ask = asked("/models/o/n/a b.bin", Some(50));
        for condition in [
            "{}",
            r#"{"path":"a b"}"#,
            r#"{"path":"*.bin"}"#,
            r#"{"path":"*?a=1"}"#,
            r#"{"method":"get"}"#,
            r#"{"port":"cdn"}"#,
            r#"{"port":"any","range_from":50}"#,
        ] {
            assert!(acts(condition, &ask), "{condition}");
        }
        for condition in [
            r#"{"path":"c"}"#,
            r#"{"path":"*.txt"}"#,
            r#"{"method":"HEAD"}"#,
            r#"{"port":"hub"}"#,
            r#"{"range_from":51}"#,
        ] {
            assert!(!acts(condition, &ask), "{condition}");
        }
        assert!(!acts(r#"{"range_from":0}"#, &asked("/x", None)), "no range at all");
    }

    #[test]
    fn rules_on_the_body_wait_for_one_they_can_act_on() {
        let rules = faults(r#"[{"do":{"flip_byte":150}},{"do":{"drop_after":7,"delay_ms":3}}]"#);
        let ask = asked("/x", Some(100));
        assert_eq!(rules.on_request(&ask), Action::default());
        let far = Answered { covers: Some((0, 100)), ranged: true };
        assert_eq!(rules.on_body(&ask, &far).flip_byte, None);
        let got = rules.on_body(&ask, &FILE);
        assert_eq!((got.flip_byte, got.drop_after), (Some(150), None), "the second rule had its turn before");
    }

    #[test]
    fn rules_on_a_request_body_wait_for_one_that_is_long_enough() {
        let rules = faults(r#"[{"do":{"drop_request_after":100}},{"do":{"stall_request_after":99}}]"#);
        let got = rules.on_request(&asked("/x", None));
        assert_eq!((got.drop_request_after, got.stall_request_after), (None, Some(99)));
        let chunked = Asked { body: None, ..asked("/x", None) };
        assert_eq!(rules.on_request(&chunked).drop_request_after, Some(100));
    }

    #[test]
    fn rules_on_a_status_wait_for_it() {
        let rules = faults(r#"[{"do":{"instead_of":412,"status":409}}]"#);
        assert_eq!(rules.on_request(&asked("/x", None)), Action::default());
        assert_eq!(rules.on_answer(&asked("/x", None), 200).status, None);
        assert_eq!(rules.on_answer(&asked("/x", None), 412).status, Some(409));
    }

    #[test]
    fn two_rules_act_on_one_request() {
        let rules = faults(r#"[{"do":{"rate":9}},{"do":{"drop_after":7,"rate":1,"delay_ms":3}}]"#);
        let got = rules.on_body(&asked("/x", None), &FILE);
        assert_eq!((got.rate, got.drop_after, got.delay_ms), (Some(9), Some(7), Some(3)));
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for text in
            ["{}", "[{}]", r#"[{"do":{"explode":1}}]"#, r#"[{"match":{"port":"x"},"do":{}}]"#, "nonsense"]
        {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
