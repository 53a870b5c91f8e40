//! Holds the import table of the architecture and fails on an import that breaks it.
//!
//! The sources are read as text: every `crate::module` path outside comments counts, wherever it stands.

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
    for (module, file, code) in sources() {
        let allowed = MAY_IMPORT
            .iter()
            .find(|(name, _)| *name == module)
            .map(|(_, allowed)| *allowed);
        let Some(allowed) = allowed else {
            broken.push(format!(
                "{}: module `{module}` is not in the table",
                file.display()
            ));
            continue;
        };
        for imported in imported_modules(&code) {
            if imported != module && !allowed.contains(&imported.as_str()) {
                broken.push(format!("{}: `{module}` imports `{imported}`", file.display()));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "imports against the table:\n{}",
        broken.join("\n")
    );
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

fn namings(crates: &[&str], allowed_in: &[&str]) -> Vec<String> {
    let mut broken = Vec::new();
    for (module, file, code) in sources() {
        if allowed_in.contains(&module.as_str()) {
            continue;
        }
        for name in crates.iter().filter(|name| names_crate(&code, name)) {
            broken.push(format!("{}: names `{name}`", file.display()));
        }
    }
    broken
}

fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(&format!("{name}::")).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

/// Module, file and code without comments of every source file below a module.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 5, "the scan found the sources");
    files
        .into_iter()
        .filter_map(|file| {
            let relative = file.strip_prefix(&root).ok()?;
            let module = relative
                .components()
                .next()?
                .as_os_str()
                .to_string_lossy()
                .replace(".rs", "");
            let code = without_comments(&fs::read_to_string(&file).ok()?);
            (module != "main" && module != "lib").then_some((module, file, code))
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

fn without_comments(code: &str) -> String {
    code.lines()
        .map(|line| line.split("//").next().unwrap_or(""))
        .collect::<Vec<_>>()
        .join("\n")
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
