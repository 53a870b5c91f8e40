//! What is installed beside the program: completions, manual pages, and the script that puts them into place.

use std::fs;
#[cfg(target_os = "linux")]
use std::{path::Path, process::Command};

use clap::CommandFactory as _;
use lacuna::cli::Cli;
use serde_json::Value;

use crate::support::{Folder, assert_fails, assert_succeeds, text};

fn commands() -> Vec<String> {
    let program = Cli::command();
    let names = program
        .get_subcommands()
        .map(|command| command.get_name().to_owned());
    names.collect()
}

#[test]
fn every_shell_gets_completions_of_every_command() {
    let folder = Folder::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let done = folder.run(&["completions", shell]);
        assert_succeeds(&done);
        let script = text(&done.stdout);
        for command in commands() {
            assert!(script.contains(&command), "{shell}: {command}");
        }
        let json: Value =
            serde_json::from_slice(&folder.run(&["completions", shell, "--json"]).stdout).unwrap();
        assert_eq!(json["shell"], shell);
        assert_eq!(json["script"], script.trim_end());
    }
    let unknown = folder.run(&["completions", "tcsh"]);
    assert_fails(&unknown, 2, &["tcsh"]);
}

#[cfg(target_os = "linux")]
#[test]
fn bash_completes_a_command_and_the_values_of_a_flag() {
    let folder = Folder::new();
    fs::write(
        folder.path("lacuna.bash"),
        folder.run(&["completions", "bash"]).stdout,
    )
    .unwrap();
    let completed = |words: &[&str]| {
        let script = format!(
            "source lacuna.bash; COMP_WORDS=({}); COMP_CWORD={}; _lacuna lacuna '{}' '{}'; echo \"${{COMPREPLY[@]}}\"",
            words.join(" "),
            words.len() - 1,
            words[words.len() - 1],
            words[words.len() - 2],
        );
        let mut bash = Command::new("bash");
        let done = bash
            .args(["--norc", "-c", &script])
            .current_dir(folder.path(""))
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        text(&done.stdout).trim().to_owned()
    };
    assert_eq!(completed(&["lacuna", "inp"]), "inpaint");
    assert_eq!(completed(&["lacuna", "upscale", "--fac"]), "--factor");
    assert_eq!(completed(&["lacuna", "inpaint", "--detail", "o"]), "off");
}

#[test]
fn the_manual_has_a_page_for_the_program_and_for_each_command() {
    let folder = Folder::new();
    let done = folder.run(&["man", "--out", "share/man1", "--json"]);
    assert_succeeds(&done);
    let json: Value = serde_json::from_slice(&done.stdout).unwrap();
    let pages = folder.contents("share/man1");
    assert_eq!(json["pages"].as_array().unwrap().len(), pages.len());
    let page = |name: &str| String::from_utf8(pages[name].clone()).unwrap();
    assert!(page("lacuna.1").starts_with(".ie"), "roff");
    for command in commands() {
        let page = page(&format!("lacuna-{command}.1"));
        assert!(page.contains(&format!(".TH lacuna-{command} 1")), "{page}");
        assert!(
            page.contains("\\-\\-json"),
            "{command} has the flags of all commands"
        );
    }
    assert!(page("lacuna-inpaint.1").contains("\\-\\-keep\\-out"));
    assert_eq!(pages.len(), 1 + commands().len(), "nothing else");
    // Newer pages take the place of older ones.
    fs::write(folder.path("share/man1/lacuna.1"), "old").unwrap();
    assert_succeeds(&folder.run(&["man", "--out", "share/man1"]));
    assert_eq!(folder.contents("share/man1"), pages);
}

#[test]
fn pages_that_cannot_be_written_are_one_line() {
    let folder = Folder::new();
    assert_fails(&folder.run(&["man", "--out", "photo.jpg"]), 1, &["photo.jpg"]);
}

#[cfg(target_os = "linux")]
#[test]
fn the_install_script_puts_everything_below_its_prefix_and_names_it() {
    let folder = Folder::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/linux/install.sh");
    let install = |path: &str| {
        let mut command = Command::new("/bin/sh");
        let done = command
            .arg(script)
            .arg(folder.path("prefix"))
            .env("PATH", path)
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        let named: Vec<String> = text(&done.stdout).lines().map(str::to_owned).collect();
        for file in &named {
            assert!(fs::metadata(file).is_ok_and(|file| file.len() > 0), "{file}");
        }
        named
    };
    let has = |files: &[String], end: &str| files.iter().any(|file| file.ends_with(end));
    let everything = [
        "share/applications/lacuna.desktop",
        "share/icons/hicolor/scalable/apps/lacuna.svg",
        "share/bash-completion/completions/lacuna",
        "share/zsh/site-functions/_lacuna",
        "share/fish/vendor_completions.d/lacuna.fish",
        "share/man/man1/lacuna.1",
        "share/man/man1/lacuna-inpaint.1",
        "share/mime/packages/lacuna.xml",
    ];
    let program = Path::new(env!("CARGO_BIN_EXE_lacuna")).parent().unwrap();
    let files = install(&format!("{}:/usr/bin:/bin", program.display()));
    for end in everything {
        assert!(has(&files, end), "{end}: {files:?}");
    }
    // Without the program in PATH the desktop's files come all the same.
    fs::create_dir(folder.path("tools")).unwrap();
    for tool in ["chmod", "cp", "dirname", "mkdir"] {
        std::os::unix::fs::symlink(Path::new("/usr/bin").join(tool), folder.path("tools").join(tool))
            .unwrap();
    }
    let files = install(folder.path("tools").to_str().unwrap());
    assert!(
        has(&files, everything[0]) && !has(&files, everything[5]),
        "{files:?}"
    );
}
