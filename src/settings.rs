//! What the program remembers from one day to the next.
//!
//! One JSON file, written beside and renamed. Fields that a file lacks have their defaults, so older files stay
//! good; a file that cannot be read is kept beside as `settings.damaged.json` or under the next free name, and the person is
//! told. Choices that belong to other modules' types are kept as the words of their command-line flags.

use std::{
    fs,
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use directories::ProjectDirs;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::{inpaint, train};

/// The version that this program writes. It refuses newer ones.
const VERSION: u32 = 1;

/// Photos that the welcome screen offers again.
const RECENT_PHOTOS: usize = 8;

/// Everything that is remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The version of the file's layout.
    pub version: u32,
    /// Colours of the window.
    pub theme: Theme,
    /// How the mask shows.
    pub overlay: Overlay,
    /// The brush and the eraser.
    pub brush: Brush,
    /// The magic wand.
    pub wand: Wand,
    /// `auto`, `cpu`, `cuda` or `metal`.
    pub device: String,
    /// Weights to use instead of those in the binary.
    pub weights: Option<PathBuf>,
    /// How to fill.
    pub fill: inpaint::Options,
    /// Fill as soon as something is marked.
    pub fill_on_release: bool,
    /// How to export.
    pub export: Export,
    /// Where the last photo was opened.
    pub last_folder: Option<PathBuf>,
    /// Photos opened before, the latest first.
    pub recent: Vec<PathBuf>,
    /// Width of the panels on the right, in points.
    pub panel_width: f32,
    /// Where the window was last.
    pub place: Option<Place>,
    /// How to train.
    pub train: train::Config,
    /// The weights that were in use before those in `weights`.
    pub weights_before: Option<Weights>,
}

/// Weights, where none at all must be told from those in the binary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weights {
    /// Those in the binary.
    BuiltIn,
    /// A file.
    File(PathBuf),
}

impl From<Option<PathBuf>> for Weights {
    fn from(path: Option<PathBuf>) -> Self {
        path.map_or(Self::BuiltIn, Self::File)
    }
}

impl Weights {
    /// The file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::BuiltIn => None,
            Self::File(path) => Some(path),
        }
    }

    /// The same, for when the file is moved.
    pub const fn path_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::BuiltIn => None,
            Self::File(path) => Some(path),
        }
    }
}

/// Colours of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// Neutral dark grey.
    #[default]
    Dark,
    /// Neutral light grey.
    Light,
}

/// Size and place of the window, in points.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// Width and height inside the frame, where it does not fill the screen.
    pub size: [f32; 2],
    /// Left and top of the frame, where the system tells.
    pub position: Option<[f32; 2]>,
    /// It fills the screen.
    pub is_maximized: bool,
}

/// How the mask shows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Overlay {
    /// Red, green, blue.
    pub color: [u8; 3],
    /// `0.0..=1.0`.
    pub opacity: f32,
}

/// The brush and the eraser.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Brush {
    /// Diameter in pixels of the photo.
    pub diameter_px: f32,
    /// `0.0..=1.0`.
    pub hardness: f32,
    /// Longer side of the photo that the diameter was last used on, in pixels.
    pub photo_side_px: f32,
}

/// What the magic wand takes for similar.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wand {
    /// How different a colour may look, as a share of the step from black to white: `0.0..=1.0`.
    pub tolerance: f32,
    /// Only what hangs together with the place that was pointed at.
    pub is_contiguous: bool,
}

/// How to export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Export {
    /// JPEG quality, `1..=100`.
    pub quality: u8,
    /// `keep`, `no-location` or `strip`.
    pub metadata: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: VERSION,
            theme: Theme::Dark,
            overlay: Overlay::default(),
            brush: Brush::default(),
            wand: Wand::default(),
            device: "auto".to_owned(),
            weights: None,
            fill: inpaint::Options::default(),
            fill_on_release: false,
            export: Export::default(),
            last_folder: None,
            recent: Vec::new(),
            panel_width: 280.0,
            place: None,
            train: train::Config::default(),
            weights_before: None,
        }
    }
}

impl Default for Place {
    fn default() -> Self {
        Self {
            size: [1360.0, 860.0],
            position: None,
            is_maximized: false,
        }
    }
}

impl Default for Overlay {
    fn default() -> Self {
        Self {
            color: [255, 45, 70],
            opacity: 0.5,
        }
    }
}

impl Default for Brush {
    fn default() -> Self {
        Self {
            diameter_px: 60.0,
            hardness: 0.8,
            photo_side_px: 1920.0,
        }
    }
}

impl Brush {
    /// Diameters that can be chosen, in pixels of the photo.
    pub const DIAMETERS_PX: std::ops::RangeInclusive<f32> = 1.0..=2000.0;

    /// Keeps the brush as wide on the screen as it was, on a photo that is `side_px` long and shown as a whole.
    pub fn follow(&mut self, side_px: f32) {
        let (least, most) = Self::DIAMETERS_PX.into_inner();
        let diameter_px = self.diameter_px * side_px / self.photo_side_px;
        self.diameter_px = diameter_px.round().clamp(least, most);
        self.photo_side_px = side_px;
    }
}

impl Default for Wand {
    fn default() -> Self {
        Self {
            tolerance: 0.1,
            is_contiguous: true,
        }
    }
}

impl Default for Export {
    fn default() -> Self {
        Self {
            quality: 95,
            metadata: "keep".to_owned(),
        }
    }
}

impl Settings {
    /// Where this person's settings lie. `None` where the system names no such place.
    pub fn usual_path() -> Option<PathBuf> {
        let folders = ProjectDirs::from("", "", "lacuna")?;
        Some(folders.config_dir().join("settings.json"))
    }

    /// Reads settings. Defaults stand in for a file that is missing, and, with a notice, for one that cannot be read;
    /// that is put aside, so that it is not written over.
    pub fn load(path: &Path) -> (Self, Option<String>) {
        let problem = match fs::read(path) {
            Ok(bytes) => match parse(&bytes) {
                Ok(settings) => return (settings, None),
                Err(problem) => problem,
            },
            Err(error) if error.kind() == ErrorKind::NotFound => return (Self::default(), None),
            Err(error) => error.to_string(),
        };
        let fate = match put_aside(path) {
            Ok(kept) => format!("The old file is kept as {}", kept.display()),
            Err(_) => format!("The file is {}", path.display()),
        };
        let notice = format!("Settings could not be read ({problem}), so the defaults are used. {fate}");
        (Self::default(), Some(notice))
    }

    /// Writes the settings, the folder included, so that a crash leaves the old file or the new one.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Puts a photo first among the recent ones.
    pub fn remember_photo(&mut self, path: &Path) {
        self.recent.retain(|known| known != path);
        self.recent.insert(0, path.to_owned());
        self.recent.truncate(RECENT_PHOTOS);
        self.last_folder = path.parent().map(Path::to_owned);
    }

    /// Brings values that someone edited by hand into their ranges.
    fn into_range(mut self) -> Self {
        let range = Brush::DIAMETERS_PX;
        self.brush.diameter_px = within(self.brush.diameter_px, *range.start(), *range.end(), 60.0);
        self.brush.hardness = within(self.brush.hardness, 0.0, 1.0, 0.8);
        self.brush.photo_side_px = within(self.brush.photo_side_px, 1.0, 1e6, 1920.0);
        self.wand.tolerance = within(self.wand.tolerance, 0.0, 1.0, 0.1);
        self.overlay.opacity = within(self.overlay.opacity, 0.0, 1.0, 0.5);
        self.panel_width = within(self.panel_width, 220.0, 480.0, 280.0);
        if let Some(place) = &mut self.place {
            let usual = Place::default().size;
            for (side, usual) in place.size.iter_mut().zip(usual) {
                *side = within(*side, 400.0, 16_000.0, usual);
            }
            place.position = place.position.filter(|at| at.iter().all(|side| side.is_finite()));
        }
        self.export.quality = self.export.quality.clamp(1, 100);
        self.fill = self.fill.into_range();
        if self.train.values_problem().is_some() {
            self.train = train::Config {
                photos: self.train.photos,
                out: self.train.out,
                ..train::Config::default()
            };
        }
        self.recent.truncate(RECENT_PHOTOS);
        self
    }
}

/// Gives the file a name that no other has, and says which.
fn put_aside(path: &Path) -> io::Result<PathBuf> {
    let names = (1..).map(|number: u32| match number {
        1 => "settings.damaged.json".to_owned(),
        _ => format!("settings.damaged-{number}.json"),
    });
    let mut places = names.map(|name| path.with_file_name(name));
    let kept = places.find(|place| !place.exists()).unwrap_or_default();
    fs::rename(path, &kept)?;
    Ok(kept)
}

fn within(value: f32, least: f32, most: f32, otherwise: f32) -> f32 {
    if value.is_finite() {
        value.clamp(least, most)
    } else {
        otherwise
    }
}

fn parse(bytes: &[u8]) -> Result<Settings, String> {
    let settings: Settings = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if settings.version > VERSION {
        return Err("a newer version of the program wrote them".to_owned());
    }
    Ok(settings.into_range())
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{Brush, Settings, Theme};
    use crate::train;

    #[test]
    fn what_is_saved_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new folder/settings.json");
        let mut settings = Settings {
            theme: Theme::Light,
            ..Settings::default()
        };
        settings.fill.grow_px = Some(7);
        settings.train.batch = 3;
        settings.remember_photo(Path::new("/photos/a.jpg"));
        settings.save(&path).unwrap();
        assert_eq!(Settings::load(&path), (settings, None));
    }

    #[test]
    fn a_missing_file_gives_the_defaults_without_a_word() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            Settings::load(&folder.path().join("none.json")),
            (Settings::default(), None)
        );
    }

    #[test]
    fn a_damaged_or_newer_file_gives_the_defaults_and_is_kept() {
        for contents in ["{\"theme\": \"da", "{\"version\": 99}"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("settings.json");
            fs::write(&path, contents).unwrap();
            let (settings, notice) = Settings::load(&path);
            assert_eq!(settings, Settings::default());
            assert!(
                notice.is_some_and(|notice| notice.contains("settings.damaged.json")),
                "{contents}"
            );
            let kept = fs::read_to_string(folder.path().join("settings.damaged.json"));
            assert_eq!(kept.unwrap(), contents);
            fs::write(&path, "{").unwrap();
            Settings::load(&path);
            let first = fs::read_to_string(folder.path().join("settings.damaged.json"));
            assert_eq!(first.unwrap(), contents, "the next one does not take its place");
            let next = fs::read_to_string(folder.path().join("settings.damaged-2.json"));
            assert_eq!(next.unwrap(), "{");
        }
    }

    #[test]
    fn files_of_older_versions_keep_what_they_know() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        let edited = r#"{"brush": {"diameter_px": 1e9}, "device": "cpu",
            "fill": {"candidates": 0, "grain": 255}, "train": {"photos": "p", "batch": 0}}"#;
        fs::write(&path, edited).unwrap();
        let (settings, notice) = Settings::load(&path);
        assert_eq!(
            (settings.brush.diameter_px, settings.device.as_str()),
            (2000.0, "cpu")
        );
        assert_eq!((settings.brush.hardness, notice), (0.8, None));
        assert_eq!((settings.fill.candidates, settings.fill.grain), (1, 100));
        let usual = train::Config::default().batch;
        assert_eq!(
            (settings.train.photos.as_path(), settings.train.batch),
            (Path::new("p"), usual)
        );
    }

    #[test]
    fn the_brush_is_as_wide_on_the_screen_on_a_larger_photo() {
        let mut brush = Brush::default();
        brush.follow(6000.0);
        assert_eq!(brush.diameter_px, 188.0);
        brush.follow(6000.0);
        assert_eq!(brush.diameter_px, 188.0, "another photo of that size");
        brush.follow(96.0);
        assert_eq!(brush.diameter_px, 3.0);
        brush.follow(1.0);
        assert_eq!(brush.diameter_px, 1.0);
    }

    #[test]
    fn a_photo_opened_again_moves_to_the_front() {
        let mut settings = Settings::default();
        for name in ["/p/a", "/p/b", "/p/a"] {
            settings.remember_photo(Path::new(name));
        }
        assert_eq!(settings.recent, [Path::new("/p/a"), Path::new("/p/b")]);
    }
}
