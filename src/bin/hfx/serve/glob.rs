//! Patterns: `*`, `?`, `[...]`, `\` before a literal; with `Slash::Stops`, `*` stays within a segment and `**` does not.

/// What `*` does at a slash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slash {
    /// `*` takes it like any other byte.
    Passes,
    /// As in `.gitattributes`: only `**` goes over it.
    Stops,
}

/// Whether the pattern takes the whole text.
pub(super) fn matches(pattern: &str, text: &str, slash: Slash) -> bool {
    step(pattern.as_bytes(), text.as_bytes(), slash, &mut 200_000)
}

/// `fuel` bounds the work that a hostile pattern can cause.
fn step(pattern: &[u8], text: &[u8], slash: Slash, fuel: &mut u32) -> bool {
    if *fuel == 0 {
        return false;
    }
    *fuel -= 1;
    let Some((&first, rest)) = pattern.split_first() else { return text.is_empty() };
    match first {
        b'*' => {
            let deep = rest.first() == Some(&b'*');
            let stars = rest.iter().take_while(|&&byte| byte == b'*').count();
            let rest = &rest[stars..];
            // `a/**/b` takes `a/b` too.
            if deep && rest.first() == Some(&b'/') && step(&rest[1..], text, slash, fuel) {
                return true;
            }
            let reach = if deep || slash == Slash::Passes {
                text.len()
            } else {
                text.iter().position(|&byte| byte == b'/').unwrap_or(text.len())
            };
            (0..=reach).any(|taken| step(rest, &text[taken..], slash, fuel))
        }
        b'?' => text.split_first().is_some_and(|(&byte, tail)| {
            !(byte == b'/' && slash == Slash::Stops) && step(rest, tail, slash, fuel)
        }),
        b'[' if rest.contains(&b']') => {
            let Some((&byte, tail)) = text.split_first() else { return false };
            let close =
                rest.iter().skip(1).position(|&byte| byte == b']').map_or(rest.len() - 1, |at| at + 1);
            in_class(&rest[..close], byte) && step(&rest[(close + 1).min(rest.len())..], tail, slash, fuel)
        }
        b'\\' if !rest.is_empty() => {
            text.first() == rest.first() && step(&rest[1..], &text[1..], slash, fuel)
        }
        literal => text.first() == Some(&literal) && step(rest, &text[1..], slash, fuel),
    }
}

fn in_class(class: &[u8], byte: u8) -> bool {
    let (negated, mut class) = match class.split_first() {
        Some((b'!' | b'^', rest)) => (true, rest),
        _ => (false, class),
    };
    let mut hit = false;
    while let Some((&low, rest)) = class.split_first() {
        if let [b'-', high, tail @ ..] = rest {
            hit |= (low..=*high).contains(&byte);
            class = tail;
        } else {
            hit |= low == byte;
            class = rest;
        }
    }
    hit != negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_slashes() {
        assert!(matches("*.bin", "a/b.bin", Slash::Passes));
        assert!(!matches("*.bin", "a/b.bin", Slash::Stops));
        assert!(matches("a/**/b", "a/b", Slash::Stops));
        assert!(matches("a/**/b", "a/x/y/b", Slash::Stops));
        assert!(matches("saved_model/**/*", "saved_model/v/weights", Slash::Stops));
        assert!(!matches("a/*", "a/b/c", Slash::Stops));
        assert!(matches("**/x", "x", Slash::Stops));
        assert!(matches("*", "", Slash::Passes));
    }

    #[test]
    fn classes_and_escapes() {
        assert!(matches("*.[bB]in", "x.Bin", Slash::Stops));
        assert!(matches("[a-c]?", "b1", Slash::Stops));
        assert!(!matches("[!a-c]", "b", Slash::Stops));
        assert!(matches(r"a\[1\].txt", "a[1].txt", Slash::Stops));
        assert!(matches("[", "[", Slash::Stops), "an open class is a literal");
        assert!(!matches("[]", "x", Slash::Stops));
        assert!(!matches("a", "", Slash::Stops));
    }

    #[test]
    fn a_hostile_pattern_ends() {
        assert!(!matches(&"*a".repeat(40), &"a".repeat(39), Slash::Passes));
    }
}
