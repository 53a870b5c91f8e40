//! Holds the import table of the architecture and fails on an import that breaks it.
//!
//! The sources are read as text: every `crate::module` path outside comments and strings counts, wherever it stands.
//! Paths that climb with `super` stay inside their module, so that none gets around the table.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Every module with the modules it may import. `main` and `lib` are not listed: they may see everything public.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("progress", &[]),
    ("imaging", &["progress"]),
    ("nn", &["progress"]),
    ("data", &["imaging", "progress"]),
    ("train", &["data", "nn", "imaging", "progress"]),
    ("inpaint", &["nn", "imaging", "progress"]),
    ("document", &["imaging"]),
    ("jobs", &["progress"]),
    ("settings", &["inpaint", "train"]),
    (
        "cli",
        &[
            "progress", "imaging", "nn", "data", "train", "inpaint", "settings",
        ],
    ),
    (
        "app",
        &[
            "progress", "imaging", "nn", "data", "train", "inpaint", "document", "jobs", "settings",
        ],
    ),
];

/// Crates of the window, which only `app` may name.
const WINDOW_CRATES: &[&str] = &["egui", "eframe", "wgpu", "rfd", "arboard"];

/// Crates of tensors, which only these modules may name.
const TENSOR_CRATES: &[&str] = &["candle_core", "candle_nn"];
const TENSOR_MODULES: &[&str] = &["nn", "train", "inpaint", "cli"];

#[test]
fn modules_import_only_what_the_table_allows() {
    let mut broken = Vec::new();
    for source in sources() {
        let (module, file) = (&source.module, source.file.display());
        let allowed = MAY_IMPORT
            .iter()
            .find(|(name, _)| name == module)
            .map(|(_, allowed)| *allowed);
        let Some(allowed) = allowed else {
            broken.push(format!("{file}: module `{module}` is not in the table"));
            continue;
        };
        for imported in imported_modules(&source.code) {
            if imported != *module && !allowed.contains(&imported.as_str()) {
                broken.push(format!("{file}: `{module}` imports `{imported}`"));
            }
        }
        if climbs_out(&source.code, source.depth) {
            broken.push(format!("{file}: `super` leaves `{module}`; write `crate::`"));
        }
    }
    assert!(
        broken.is_empty(),
        "imports against the table:\n{}",
        broken.join("\n")
    );
}

#[test]
fn the_table_of_the_architecture_is_this_one() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ARCHITECTURE.md");
    let page = fs::read_to_string(page).expect("the page can be read");
    let modules: BTreeSet<&str> = MAY_IMPORT.iter().map(|(module, _)| *module).collect();
    let told: Vec<(&str, BTreeSet<&str>)> = page
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
            let [module, _, allowed] = cells.as_slice() else {
                return None;
            };
            let module = *quoted_names(module).first()?;
            let named: BTreeSet<&str> = quoted_names(allowed).into_iter().collect();
            let is_all_but = allowed.trim_start().starts_with("all but ");
            let but_itself = modules.difference(&named).copied().filter(|name| *name != module);
            Some((module, if is_all_but { but_itself.collect() } else { named }))
        })
        .collect();
    let held: Vec<(&str, BTreeSet<&str>)> = MAY_IMPORT
        .iter()
        .map(|(module, allowed)| (*module, allowed.iter().copied().collect()))
        .collect();
    assert_eq!(told, held, "src/ARCHITECTURE.md against this table");
}

/// What stands between backticks.
fn quoted_names(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn only_the_window_names_the_window_crates() {
    let broken = namings(WINDOW_CRATES, &["app"]);
    assert!(
        broken.is_empty(),
        "window crates outside app:\n{}",
        broken.join("\n")
    );
}

#[test]
fn only_network_code_names_tensors() {
    let broken = namings(TENSOR_CRATES, TENSOR_MODULES);
    assert!(
        broken.is_empty(),
        "tensor crates outside the network:\n{}",
        broken.join("\n")
    );
}

#[test]
fn the_scan_sees_imports_in_groups_and_in_paths() {
    let code =
        "use crate::{imaging::Rect, nn};\nlet x = crate::jobs::spawn();\n// crate::app is only a comment\n";
    let found = imported_modules(&without_comments(code));
    assert_eq!(found, ["imaging", "jobs", "nn"].map(String::from).into());
}

#[test]
fn the_scan_sees_code_behind_strings_and_nothing_in_them() {
    for literal in [
        r#""https://a""#,
        r#""\"//""#,
        r##"r#"/* " //"#"##,
        r#"'"', "//", '"'"#,
        r"'\'', '/', '/'",
        r#"b'"', b"//""#,
        "1 /* crate::app /* */ \" */",
        "f::<'a>()",
    ] {
        let code = format!("let x = ({literal}, crate::jobs::A); // crate::app\n");
        let found = imported_modules(&without_comments(&code));
        assert_eq!(found, ["jobs"].map(String::from).into(), "{code}");
    }
    let quoted = without_comments(r#"let x = "crate::app";"#);
    assert!(imported_modules(&quoted).is_empty(), "{quoted}");
}

#[test]
fn the_scan_sees_every_way_to_name_a_crate() {
    for code in [
        "use wgpu;",
        "use wgpu as gpu;",
        "pub use wgpu::Device;",
        "use {std::fs, wgpu};",
        "use {wgpu as gpu, std::fs};",
        "extern crate wgpu;",
        "fn f(x: wgpu::Device) {}",
        "fn f(x: &::wgpu::Device) {}",
    ] {
        assert!(names_crate(code, "wgpu"), "{code}");
    }
    for code in [
        "use crate::wgpu;",
        "use crate::{wgpu, nn};",
        "use crate::wgpu::Device;",
        "use my_wgpu;",
        "use wgpu_core::Device;",
        "fn reuse(wgpu: u8) {}",
    ] {
        assert!(!names_crate(code, "wgpu"), "{code}");
    }
}

#[test]
fn the_scan_sees_where_a_path_climbs_to() {
    let code = "use super::super::a;\nmod tests {\n    use super::super::super::b;\n}\n";
    assert!(climbs_out(code, 2), "to the root");
    assert!(!climbs_out(code, 3), "to the module, also from inside `tests`");
    assert!(
        climbs_out("mod tests {}\nuse super::a;", 1),
        "after a module inside"
    );
    assert!(!climbs_out("mod tests { use super::a; }", 1), "from `tests` only");
}

fn namings(crates: &[&str], allowed_in: &[&str]) -> Vec<String> {
    let mut broken = Vec::new();
    for source in sources() {
        if allowed_in.contains(&source.module.as_str()) {
            continue;
        }
        for name in crates.iter().filter(|name| names_crate(&source.code, name)) {
            broken.push(format!("{}: names `{name}`", source.file.display()));
        }
    }
    broken
}

/// Whether a path begins with the crate, or the crate itself is imported.
fn names_crate(code: &str, name: &str) -> bool {
    let mut in_paths = words(code, name).filter(|&at| code[at + name.len()..].starts_with("::"));
    let begins_path = in_paths.any(|at| {
        let before = code[..at].strip_suffix("::");
        before.is_none_or(|before| !before.ends_with(|c| is_part_of_name(c) || c == '>'))
    });
    begins_path || imported_roots(code).contains(name)
}

/// The first segment of everything that is imported.
fn imported_roots(code: &str) -> BTreeSet<String> {
    let mut roots = BTreeSet::new();
    for keyword in ["use", "crate"] {
        for at in words(code, keyword) {
            let Some(path) = code[at + keyword.len()..].strip_prefix(' ') else {
                continue;
            };
            match path.strip_prefix('{') {
                Some(group) => roots.extend(group_members(group)),
                None => roots.extend(first_segment(path)),
            }
        }
    }
    roots
}

/// Where `word` stands on its own.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_alone = |at: usize| {
        !code[..at].ends_with(is_part_of_name) && !code[at + word.len()..].starts_with(is_part_of_name)
    };
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| is_alone(at))
}

fn is_part_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether a path of `super`s leads out of the top-level module, from a file so many modules deep.
fn climbs_out(code: &str, depth: usize) -> bool {
    words(code, "super")
        .filter(|&at| !code[..at].ends_with("super::"))
        .any(|at| {
            let mut rest = &code[at..];
            let mut climbed = 0;
            while let Some(above) = rest.strip_prefix("super::") {
                (rest, climbed) = (above, climbed + 1);
            }
            climbed >= depth + modules_around(&code[..at])
        })
}

/// How many `mod name {` are open at the end of `code`.
fn modules_around(code: &str) -> usize {
    let mut open = Vec::new();
    for (at, c) in code.char_indices() {
        match c {
            '{' => open.push(code[..at].split_whitespace().rev().nth(1) == Some("mod")),
            '}' => drop(open.pop()),
            _ => {}
        }
    }
    open.into_iter().filter(|is_module| *is_module).count()
}

/// A source file below a module.
struct Source {
    module: String,
    /// How many modules deep it is; 1 is the top-level module itself.
    depth: usize,
    file: PathBuf,
    /// Without comments and strings.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 5, "the scan found the sources");
    files
        .into_iter()
        .filter_map(|file| {
            let relative = file.strip_prefix(&root).ok()?.with_extension("");
            let names: Vec<_> = relative.iter().map(|name| name.to_string_lossy()).collect();
            let module = names.first()?.clone().into_owned();
            let depth = names.iter().filter(|name| *name != "mod").count();
            let code = without_comments(&fs::read_to_string(&file).ok()?);
            (module != "main" && module != "lib").then_some(Source {
                module,
                depth,
                file,
                code,
            })
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src can be listed") {
        let path = entry.expect("src can be listed").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Without comments, strings and characters.
fn without_comments(code: &str) -> String {
    let (mut kept, mut rest) = (String::new(), code);
    while let Some(next) = rest.chars().next() {
        let skipped = comment(rest).or_else(|| literal(rest, kept.ends_with(is_part_of_name)));
        if skipped.is_none() {
            kept.push(next);
        }
        rest = &rest[skipped.unwrap_or(next.len_utf8())..];
    }
    kept
}

/// Length of the comment that `code` begins with.
fn comment(code: &str) -> Option<usize> {
    if code.starts_with("//") {
        return Some(code.find('\n').unwrap_or(code.len()));
    }
    let mut depth = 0;
    let mut at = 0;
    while code.starts_with("/*") && at < code.len() {
        let (change, length) = match code.as_bytes()[at..] {
            [b'/', b'*', ..] => (1, 2),
            [b'*', b'/', ..] => (-1, 2),
            _ => (0, 1),
        };
        (depth, at) = (depth + change, at + length);
        if depth == 0 {
            break;
        }
    }
    (at > 0).then_some(at)
}

/// Length of the string or character that `code` begins with, what stands before its quote included.
fn literal(code: &str, is_in_name: bool) -> Option<usize> {
    let prefixes = ["", "b", "c", "r", "br", "cr"];
    let possible = if is_in_name { &prefixes[..1] } else { &prefixes };
    possible.iter().find_map(|prefix| {
        let rest = code.strip_prefix(prefix)?;
        let length = if prefix.ends_with('r') {
            raw(rest)
        } else {
            quoted(rest)
        };
        Some(prefix.len() + length?)
    })
}

/// Length of `"…"` or `#"…"#` without escapes.
fn raw(code: &str) -> Option<usize> {
    let inner = code.trim_start_matches('#');
    let hashes = code.len() - inner.len();
    let end = format!("\"{}", "#".repeat(hashes));
    let length = inner.strip_prefix('"')?.find(&end)?;
    Some(hashes + 1 + length + end.len())
}

/// Length of `"…"` or `'…'`; `None` for a lifetime.
fn quoted(code: &str) -> Option<usize> {
    let quote = code.chars().next().filter(|c| ['"', '\''].contains(c))?;
    let mut characters = code.char_indices().skip(1);
    let mut length = 0;
    while let Some((at, c)) = characters.next() {
        length += 1;
        if c == quote {
            let is_lifetime = quote == '\'' && length != 2 && !code.starts_with("'\\");
            return (!is_lifetime).then_some(at + 1);
        }
        if c == '\\' {
            characters.next();
        }
    }
    None
}

/// The first path segment after each `crate::`, groups included.
fn imported_modules(code: &str) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with('$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => modules.extend(group_members(group)),
            None => modules.extend(first_segment(rest)),
        }
    }
    modules
}

fn group_members(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut members) = (1, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if (c == ',' && depth == 1) || depth == 0 {
            members.extend(first_segment(group[start..at].trim()));
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    members
}

fn first_segment(path: &str) -> Option<String> {
    let segment: String = path
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    (!segment.is_empty() && segment != "self").then_some(segment)
}
