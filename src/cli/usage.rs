//! What is wrong with a command line, in one line.
//!
//! The parser says it in several, with a usage that `--help` shows as well. A mistyped command with arguments behind it
//! is a photo to the parser, and the arguments are too many: here it is told what it was meant to be.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::Path,
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser as _, error::ErrorKind};

use super::{Cli, terminal::put_line};

/// From this likeness on (0 to 1, Jaro-Winkler) a name may be a mistyped command.
const ALIKE: f64 = 0.8;
/// Flags before a command whose values are no command.
const WITH_VALUE: [&str; 3] = ["--weights", "--device", "--seed"];

/// Reads this program's command line. Where there is nothing to run, it has said so and gives the exit code.
pub fn parse() -> Result<Cli, ExitCode> {
    let line: Vec<OsString> = env::args_os().collect();
    Cli::try_parse_from(&line).map_err(|error| explain(&error, &line))
}

/// Prints help or the version as the parser has it, and errors as one line.
fn explain(error: &clap::Error, line: &[OsString]) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // Nobody may be reading any more.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        _ => {
            put_line(&format!("error: {}", one_line(error, line)));
            ExitCode::from(2)
        }
    }
}

fn one_line(error: &clap::Error, line: &[OsString]) -> String {
    let first = first_word(line).unwrap_or_default();
    let is_command = Cli::command().find_subcommand(first).is_some();
    match likely_command(first) {
        _ if is_command => {
            let name = first.to_string_lossy();
            format!("{}; see `lacuna {name} --help`", said(error))
        }
        Some(command) => format!(
            "there is no command {}, perhaps {command} was meant; see `lacuna {command} --help`",
            first.to_string_lossy()
        ),
        None => format!("{}; see `lacuna --help`", said(error)),
    }
}

/// What the parser says happened, and its tips, without usage and help.
fn said(error: &clap::Error) -> String {
    let text = error.to_string();
    let mut parts = text.split("\n\n");
    let first = words(parts.next().unwrap_or_default());
    let tips = parts
        .flat_map(str::lines)
        .filter_map(|line| line.trim().strip_prefix("tip: "));
    let said = first.strip_prefix("error: ").unwrap_or(&first).to_owned();
    tips.fold(said, |said, tip| format!("{said}; {}", words(tip)))
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first word behind the program's name that is no flag and no value of one: a command or a photo.
fn first_word(line: &[OsString]) -> Option<&OsStr> {
    let mut words = line.iter().skip(1).map(OsString::as_os_str);
    while let Some(word) = words.next() {
        if WITH_VALUE.iter().any(|flag| word == *flag) {
            words.next();
        } else if !word.to_string_lossy().starts_with('-') {
            return Some(word);
        }
    }
    None
}

/// The command that a word may have been meant to be, which is neither one nor the name of a file.
pub(super) fn likely_command(word: &OsStr) -> Option<String> {
    // No command has an ending.
    let path = Path::new(word);
    if word.is_empty() || path.extension().is_some() || path.exists() {
        return None;
    }
    let name = word.to_string_lossy();
    let commands = Cli::command();
    let alike = commands.get_subcommands().map(|command| {
        let command = command.get_name();
        (strsim::jaro_winkler(&name, command), command)
    });
    let (likeness, command) = alike.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (likeness > ALIKE && name != command).then(|| command.to_owned())
}

#[cfg(test)]
mod tests {
    use std::ffi::{OsStr, OsString};

    use clap::Parser as _;

    use super::{Cli, first_word, likely_command, one_line};

    fn line(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn a_wrong_line_is_one_line_that_ends_with_where_to_look() {
        for (wrong, start, end) in [
            (
                "lacuna --nonsense",
                "unexpected argument '--nonsense'",
                "; see `lacuna --help`",
            ),
            (
                "lacuna --seed 3 inpaint a.jpg",
                "the following required arguments were not provided: --mask",
                "; see `lacuna inpaint --help`",
            ),
            (
                "lacuna inpaint a.jpg --mask m.png -o o.png --fether 3",
                "unexpected argument '--fether' found; a similar argument exists: '--feather'",
                "; see `lacuna inpaint --help`",
            ),
            (
                "lacuna info --device gpu",
                "invalid value 'gpu' for '--device <DEVICE>' [possible values: auto, cpu, cuda, metal]",
                "; see `lacuna info --help`",
            ),
            (
                "lacuna --seed 3 inpait a.jpg --mask m.png -o o.png",
                "there is no command inpait, perhaps inpaint was meant",
                "; see `lacuna inpaint --help`",
            ),
            (
                "lacuna a.jpg b.jpg",
                "unexpected argument 'b.jpg' found",
                "; see `lacuna --help`",
            ),
        ] {
            let words = line(wrong);
            let error = Cli::try_parse_from(&words).unwrap_err();
            let told = one_line(&error, &words);
            assert!(told.starts_with(start) && told.ends_with(end), "{wrong}: {told}");
            assert!(!told.contains('\n'), "{told}");
        }
    }

    #[test]
    fn the_first_word_is_no_flag_and_no_value_of_one() {
        for (text, word) in [
            ("lacuna --json --weights info.safetensors info", Some("info")),
            ("lacuna --seed=3 photo.jpg", Some("photo.jpg")),
            ("lacuna --json", None),
        ] {
            assert_eq!(first_word(&line(text)), word.map(OsStr::new), "{text}");
        }
    }

    #[test]
    fn what_is_a_file_or_like_no_command_is_not_taken_for_one() {
        assert_eq!(likely_command(OsStr::new("upscal")), Some("upscale".to_owned()));
        assert_eq!(likely_command(OsStr::new("holiday-photo-of-us.jpg")), None);
        // Tests run where the sources lie.
        assert_eq!(likely_command(OsStr::new("src")), None);
    }
}
