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
    step(pattern.as_bytes(), text.as_bytes(), slash, &mut 200_000, 500)
}

/// `fuel` bounds the work that a hostile pattern can cause, `stars` how deep it leads.
fn step(mut pattern: &[u8], mut text: &[u8], slash: Slash, fuel: &mut u32, stars: u32) -> bool {
    loop {
        if *fuel == 0 || stars == 0 {
            return false;
        }
        *fuel -= 1;
        let Some((&first, rest)) = pattern.split_first() else { return text.is_empty() };
        let (byte, tail) = text.split_first().map_or((None, text), |(byte, tail)| (Some(*byte), tail));
        let (taken, after) = match first {
            b'*' => {
                let deep = rest.first() == Some(&b'*');
                let rest = &rest[rest.iter().take_while(|&&byte| byte == b'*').count()..];
                // `a/**/b` takes `a/b` too.
                if deep && rest.first() == Some(&b'/') && step(&rest[1..], text, slash, fuel, stars - 1) {
                    return true;
                }
                let reach = if deep || slash == Slash::Passes {
                    text.len()
                } else {
                    text.iter().position(|&byte| byte == b'/').unwrap_or(text.len())
                };
                // Each look over the text counts as well.
                *fuel = fuel.saturating_sub(reach as u32 / 32);
                for taken in 0..=reach {
                    if *fuel == 0 {
                        return false;
                    }
                    if step(rest, &text[taken..], slash, fuel, stars - 1) {
                        return true;
                    }
                }
                return false;
            }
            b'?' => (byte.is_some_and(|byte| byte != b'/' || slash == Slash::Passes), rest),
            b'[' if rest.contains(&b']') => {
                let close =
                    rest.iter().skip(1).position(|&byte| byte == b']').map_or(rest.len() - 1, |at| at + 1);
                let after = &rest[(close + 1).min(rest.len())..];
                (byte.is_some_and(|byte| in_class(&rest[..close], byte)), after)
            }
            b'\\' if !rest.is_empty() => (byte == rest.first().copied(), &rest[1..]),
            literal => (byte == Some(literal), rest),
        };
        if !taken {
            return false;
        }
        (pattern, text) = (after, tail);
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
        // Nor does a long one fill the stack.
        let long = "a".repeat(150_000);
        assert!(matches(&long, &long, Slash::Stops));
        assert!(!matches(&"*?".repeat(60_000), &long, Slash::Stops));
    }
}
