//! A folder to run the program in, and what is expected of every run.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use lacuna::imaging::{Channels, Format, Metadata, Pixels, Rect, Samples, write};
use serde_json::Value;
use tempfile::TempDir;
use walkdir::WalkDir;

use crate::tiny_network;

/// The program, to be run in `folder`.
pub(crate) fn lacuna(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lacuna"));
    command
        .current_dir(folder)
        .args(arguments)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

/// Writes a picture in the format of its name.
pub(crate) fn save(path: &Path, pixels: &Pixels) {
    let (format, options) = (Format::from_path(path).unwrap(), write::Options::default());
    write::photo(path, pixels, &Metadata::default(), format, &options, true).unwrap();
}

/// A folder with a photo, a mask and tiny weights, in which commands run.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = Self(TempDir::new().unwrap());
        folder.save("photo.jpg", &photo(120, 90));
        folder.save("mask.png", &mask(120, 90, Rect::new(40, 30, 20, 20)));
        fs::write(folder.path("tiny.safetensors"), tiny_network::weights()).unwrap();
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn save(&self, name: &str, pixels: &Pixels) {
        save(&self.path(name), pixels);
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        lacuna(self.0.path(), arguments)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs `inpaint` with the tiny weights and more arguments.
    pub(crate) fn inpaint(&self, photo: &str, mask: &str, out: &str, more: &[&str]) -> Output {
        self.run_tiny(&["inpaint", photo, "--mask", mask, "-o", out], more)
    }

    /// Runs a command with the tiny weights on the CPU and more arguments.
    pub(crate) fn run_tiny(&self, line: &[&str], more: &[&str]) -> Output {
        let tiny = ["--weights", "tiny.safetensors", "--device", "cpu"];
        self.run(&[line, &tiny, more].concat())
    }

    /// The contents of all files below `dir`, by their names there.
    pub(crate) fn contents(&self, dir: &str) -> BTreeMap<String, Vec<u8>> {
        let root = self.path(dir);
        let files = WalkDir::new(&root).into_iter().map(Result::unwrap);
        files
            .filter(|file| file.file_type().is_file())
            .map(|file| {
                let name = file.path().strip_prefix(&root).unwrap();
                (name.display().to_string(), fs::read(file.path()).unwrap())
            })
            .collect()
    }

    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// What lies in a [`Folder`] that nothing was written to.
pub(crate) const UNTOUCHED: [&str; 3] = ["mask.png", "photo.jpg", "tiny.safetensors"];

pub(crate) fn photo(width: u32, height: u32) -> Pixels {
    let samples = (0..width * height * 3)
        .map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    Pixels::new(width, height, Channels::Rgb, Samples::U8(samples)).unwrap()
}

pub(crate) fn mask(width: u32, height: u32, hole: Rect) -> Pixels {
    let samples = (0..width * height).map(|index| {
        if hole.contains(index % width, index / width) {
            255
        } else {
            0
        }
    });
    Pixels::new(width, height, Channels::Gray, Samples::U8(samples.collect())).unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The run failed with this code, one line on stderr that has all the words, and nothing on stdout.
pub(crate) fn assert_fails(output: &Output, code: i32, words: &[&str]) {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("error: "), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "`{word}` in: {stderr}");
    }
    assert!(output.stdout.is_empty(), "stdout: {}", text(&output.stdout));
}

pub(crate) fn assert_succeeds(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

/// The one object on stdout of a run that succeeded.
pub(crate) fn json(output: &Output) -> Value {
    assert_succeeds(output);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Starts a program. Gives the lines of its log as they come; what it writes to stdout is kept for its end.
#[cfg(unix)]
pub(crate) fn start(command: &mut Command) -> (Child, impl Iterator<Item = String> + use<>) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    (child, log.lines().map(Result::unwrap))
}

/// Presses Ctrl+C.
#[cfg(unix)]
pub(crate) fn interrupt(child: &Child) {
    signal(child, "-INT");
}

/// Sends a signal.
#[cfg(unix)]
pub(crate) fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    let killed = Command::new("kill").args([name, &pid]).status().unwrap();
    assert!(killed.success(), "the program was still running");
}

/// A pipe that nobody reads any more.
pub(crate) fn closed_pipe() -> Stdio {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    writer.into()
}
