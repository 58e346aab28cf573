//! Reads `include/hfx.h` and writes a call of every function that takes a string, for the target c_strings: none can be
//! forgotten, and a change of the ABI needs no change here.

use std::fmt::Write as _;
use std::{env, fs, path::Path};

fn main() {
    let header = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../include/hfx.h");
    println!("cargo::rerun-if-changed={}", header.display());
    let text = without_comments(&fs::read_to_string(&header).unwrap());
    let (mut declared, mut calls, mut count) = (String::new(), String::new(), 0);
    let mut frees = String::new();
    for statement in text.split(';') {
        let statement = statement.split_whitespace().collect::<Vec<_>>().join(" ");
        let Some((name, result, parameters)) = prototype(&statement) else { continue };
        if name.ends_with("_free") {
            writeln!(declared, "    fn {name}(handle: Pointer);").unwrap();
            let kind = name.strip_suffix("_free").unwrap();
            writeln!(frees, "        {kind:?} => unsafe {{ {name}(handle) }},").unwrap();
            continue;
        }
        if !parameters.iter().any(|(kind, _)| matches!(kind.as_str(), "const char *" | "const char *const *"))
        {
            continue;
        }
        let (mut wanted, mut given) = (Vec::new(), Vec::new());
        let local = ["_upload", "_map", "_read_at", "_commit_add"].iter().any(|part| name.contains(part));
        for (kind, parameter) in &parameters {
            let (as_type, value) = match kind.as_str() {
                "const char *" => {
                    let path = matches!(parameter.as_str(), "folder_path" | "to_path")
                        || (parameter == "file_path" && local);
                    ("Pointer", format!("world.{}()", if path { "path" } else { "text" }))
                }
                "const char *const *" => ("Pointer", "world.texts()".to_owned()),
                "hfx_error **" => ("Pointer", "world.error()".to_owned()),
                "const char **" => ("Pointer", "world.number()".to_owned()),
                kind if kind.ends_with("**") => {
                    ("Pointer", format!("world.out({:?})", kind.trim_end_matches([' ', '*'])))
                }
                "void *" if parameter == "user" => ("Pointer", "std::ptr::null_mut()".to_owned()),
                "void *" | "const void *" => ("Pointer", "world.memory()".to_owned()),
                "int32_t" | "hfx_status" => ("i32", "world.next() as i32 % 64".to_owned()),
                "uint32_t" => ("u32", "world.next() as u32".to_owned()),
                "int64_t" => ("i64", "world.next() as i64".to_owned()),
                "uint64_t" => ("u64", "world.next()".to_owned()),
                "size_t" => ("usize", "world.length()".to_owned()),
                "int32_t *" | "int64_t *" | "uint64_t *" | "size_t *" => {
                    ("Pointer", "world.number()".to_owned())
                }
                kind if kind.contains('*') => {
                    let kind = kind.trim_start_matches("const ").trim_end_matches([' ', '*']);
                    ("Pointer", format!("world.handle({kind:?})"))
                }
                // A function's address.
                _ => ("Pointer", "nothing as *const () as Pointer".to_owned()),
            };
            wanted.push(format!("_: {as_type}"));
            given.push(value);
        }
        let returned = match result.as_str() {
            "hfx_status" => " -> i32",
            _ => " -> Pointer",
        };
        writeln!(declared, "    fn {name}({}){returned};", wanted.join(", ")).unwrap();
        let given: String =
            given.iter().enumerate().map(|(n, value)| format!("let a{n} = {value}; ")).collect();
        let names: Vec<_> = (0..wanted.len()).map(|n| format!("a{n}")).collect();
        let call = format!("unsafe {{ {name}({}) }}", names.join(", "));
        let checked = if result == "hfx_status" {
            format!("let status = {call}; world.ended({name:?}, status)")
        } else {
            format!("let _ = {call};")
        };
        writeln!(calls, "        {count} => {{ {given}{checked} }}").unwrap();
        count += 1;
    }
    assert!(count >= 46, "only {count} functions with strings were found in the header");
    let made = format!(
        "unsafe extern \"C\" {{\n{declared}}}\n\
         const FUNCTIONS: usize = {count};\n\
         fn call(number: usize, world: &mut World) {{\n    match number {{\n{calls}        _ => unreachable!(),\n    }}\n}}\n\
         fn free(kind: &str, handle: Pointer) {{\n    match kind {{\n{frees}        other => panic!(\"no free for {{other}}\"),\n    }}\n}}\n"
    );
    fs::write(Path::new(&env::var("OUT_DIR").unwrap()).join("calls.rs"), made).unwrap();
}

/// Name, what it returns, and parameters as type and name.
fn prototype(statement: &str) -> Option<(String, String, Vec<(String, String)>)> {
    let statement = statement.rsplit(['}', '{']).next()?.trim();
    if statement.starts_with("typedef") {
        return None;
    }
    let (head, rest) = statement.split_once('(')?;
    let name = head.rsplit([' ', '*']).next()?.to_owned();
    let result = head.strip_suffix(&name)?.trim().to_owned();
    if !name.starts_with("hfx_") || result.is_empty() {
        return None;
    }
    let (mut depth, mut parameters) = (0, vec![String::new()]);
    for c in rest.strip_suffix(')')?.chars() {
        match c {
            ',' if depth == 0 => {
                parameters.push(String::new());
                continue;
            }
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        parameters.last_mut()?.push(c);
    }
    let split = |text: &String| {
        let text = text.trim();
        let at = text.rfind([' ', '*']).map_or(0, |at| at + 1);
        let (kind, name) = text.split_at(at);
        let kind = if text.contains('(') { "function" } else { kind.trim() };
        (kind.to_owned(), name.to_owned())
    };
    Some((name, result, parameters.iter().map(split).collect()))
}

fn without_comments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("/*") {
        out.push_str(&rest[..start]);
        rest = rest[start..].split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    let kept = |line: &&str| !line.trim_start().starts_with(['#', '/']);
    out.lines().filter(kept).map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}
