//! Projects: a photo with masks and removals in one file, to go on with another day or on another machine.
//!
//! The photo is kept as its file was, byte for byte. Where that file cannot be read any more, or shows something else by
//! now, a PNG of what is open takes its place. Steps of the history are not kept.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{photo::OpenPhoto, state::Source, tasks::Failure};
use crate::{
    document::{Document, Project, Record},
    imaging::{Format, Metadata, Pixels, read, write},
};

/// The ending of the files.
pub(super) const ENDING: &str = "lacuna";

/// The project that belongs to the photo that is open.
#[derive(Debug, Clone)]
pub(super) struct OpenProject {
    /// Its file.
    pub(super) path: PathBuf,
    /// Where the photo's own file was when it was first saved, whether or not it is there now.
    pub(super) original: Option<PathBuf>,
    /// The document's state that is in the file.
    pub(super) state: u64,
}

/// Whether a file is one, by its name.
pub(super) fn is_project(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case(ENDING))
}

/// The path with the ending of projects. Other dots are part of the name.
pub(super) fn with_ending(path: &Path) -> PathBuf {
    if is_project(path) {
        return path.to_owned();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ENDING);
    name.into()
}

/// Opens a project.
pub(super) fn open(path: PathBuf) -> Result<OpenPhoto, Failure> {
    let bytes = fs::read(&path).map_err(|error| error.to_string())?;
    let project = Project::from_bytes(&bytes).map_err(|error| error.to_string())?;
    drop(bytes);
    let photo = read::photo_from_bytes(&project.photo)
        .map_err(|error| format!("the photo in it cannot be read: {}", error.problem))?;
    let mut open = OpenPhoto::new(photo, Source::Path(path.clone()), None);
    open.document = Document::resumed(Arc::clone(open.document.original()), project.record)
        .ok_or("the photo in it is not the one that the work is on")?;
    let original = original(project.original.as_deref(), &path);
    open.path = Some(original.unwrap_or_else(|| path.clone()));
    open.project = Some(OpenProject {
        state: open.document.state(),
        original: project.original,
        path,
    });
    Ok(open)
}

/// Where the photo's own file is now, which exports go beside and never replace: where it was, or beside the project.
fn original(was: Option<&Path>, project: &Path) -> Option<PathBuf> {
    let was = was?;
    let beside = was.file_name().map(|name| project.with_file_name(name));
    let places = [Some(was.to_owned()), beside];
    places.into_iter().flatten().find(|path| path.is_file())
}

/// The photo's own file, as far as it is known.
fn file_of(photo: &OpenPhoto) -> Option<PathBuf> {
    let remembered = || photo.project.as_ref()?.original.clone();
    let path = photo.path.clone().filter(|path| !is_project(path));
    path.or_else(remembered)
}

/// What a project is made of, as it was when it was asked for.
pub(super) struct Draft {
    record: Record,
    original: Arc<Pixels>,
    metadata: Arc<Metadata>,
    source: Source,
    project: Option<PathBuf>,
    /// The photo's own file.
    pub(super) file: Option<PathBuf>,
}

impl Draft {
    pub(super) fn of(photo: &OpenPhoto) -> Self {
        Self {
            record: photo.document.record(),
            original: Arc::clone(photo.document.original()),
            metadata: Arc::clone(&photo.metadata),
            source: photo.source.clone(),
            project: photo.project.as_ref().map(|project| project.path.clone()),
            file: file_of(photo),
        }
    }

    /// Writes the file.
    pub(super) fn write(self, path: &Path, overwrite: bool) -> Result<(), Failure> {
        write::check(path, &write::Options::default(), overwrite).map_err(failure)?;
        let project = Project {
            photo: self.photo()?,
            record: self.record,
            original: self.file,
        };
        let bytes = project.into_bytes().map_err(|error| error.to_string())?;
        write::file(path, &bytes, overwrite).map_err(failure)
    }

    /// The photo's file, or where that does not show what is open a PNG that does.
    fn photo(&self) -> Result<Vec<u8>, Failure> {
        let kept = || Project::photo_in(&fs::read(self.project.as_ref()?).ok()?).ok();
        let candidates = [&kept as &dyn Fn() -> Option<Vec<u8>>, &|| self.source.file()];
        let shows_the_same =
            |bytes: &Vec<u8>| read::photo_from_bytes(bytes).is_ok_and(|photo| photo.pixels == *self.original);
        if let Some(bytes) = candidates.iter().filter_map(|file| file()).find(shows_the_same) {
            return Ok(bytes);
        }
        let options = write::Options::default();
        let png = write::encode(&self.original, &self.metadata, Format::Png, &options);
        png.map(|png| png.bytes).map_err(|problem| problem.to_string())
    }
}

fn failure(error: write::WriteError) -> Failure {
    match error.problem {
        write::Problem::Exists => format!("{} is there already; choose another name", error.name),
        problem => problem.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{Draft, open, with_ending};
    use crate::{
        app::{export::Form, photo::OpenPhoto, state::Source},
        document::Project,
        imaging::{Channels, Format, Metadata, Pixels, Samples, read, write},
        settings,
    };

    /// Writes a photo and opens it.
    fn photo(path: &Path, grey: u8) -> OpenPhoto {
        let pixels = Pixels::new(6, 5, Channels::Gray, Samples::U8(vec![grey; 30])).unwrap();
        let (metadata, options) = (Metadata::default(), write::Options::default());
        write::photo(path, &pixels, &metadata, Format::Png, &options, true).unwrap();
        OpenPhoto::new(read::photo(path).unwrap(), Source::Path(path.to_owned()), None)
    }

    #[test]
    fn the_photos_own_file_is_the_original_of_a_project_wherever_both_are() {
        let folder = tempfile::tempdir().unwrap();
        let (lake, project) = (folder.path().join("Lake.png"), folder.path().join("Lake.lacuna"));
        Draft::of(&photo(&lake, 90)).write(&project, false).unwrap();
        let opened = open(project.clone()).unwrap();
        assert_eq!(opened.path.as_ref(), Some(&lake));
        let mut form = Form::new(&opened, &settings::Export::default());
        assert_eq!(form.path(), folder.path().join("Lake-edited.png"));
        form.set_name("Lake.png".to_owned());
        assert!(
            form.problem().is_some_and(|why| why.contains("original")),
            "it is refused"
        );

        let other = tempfile::tempdir().unwrap();
        let moved = other.path().join("Lake.lacuna");
        fs::rename(&project, &moved).unwrap();
        assert_eq!(
            open(moved.clone()).unwrap().path.as_ref(),
            Some(&lake),
            "where it was"
        );
        let beside = other.path().join("Lake.png");
        fs::rename(&lake, &beside).unwrap();
        assert_eq!(
            open(moved.clone()).unwrap().path,
            Some(beside.clone()),
            "beside it"
        );
        fs::remove_file(&beside).unwrap();
        let alone = open(moved.clone()).unwrap();
        assert_eq!(alone.path.as_ref(), Some(&moved), "exports go beside the project");
        Draft::of(&alone).write(&moved, true).unwrap();
        fs::write(&lake, b"back on its disk").unwrap();
        assert_eq!(
            open(moved).unwrap().path,
            Some(lake),
            "it was not forgotten meanwhile"
        );
    }

    #[test]
    fn a_photo_whose_file_has_changed_is_kept_as_it_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let (lake, project) = (folder.path().join("Lake.png"), folder.path().join("Lake.lacuna"));
        let open_photo = photo(&lake, 90);
        let same = fs::read(&lake).unwrap();
        Draft::of(&open_photo).write(&project, false).unwrap();
        let kept = || Project::photo_in(&fs::read(&project).unwrap()).unwrap();
        assert!(kept() == same, "byte for byte");
        photo(&lake, 10);
        Draft::of(&open_photo).write(&project, true).unwrap();
        let opened = open(project.clone()).unwrap();
        assert!(opened.document.original() == open_photo.document.original());
        fs::remove_file(&lake).unwrap();
        Draft::of(&opened).write(&project, true).unwrap();
        assert!(read::photo_from_bytes(&kept()).unwrap().pixels == **opened.document.original());
    }

    #[test]
    fn a_name_is_completed_and_not_cut() {
        for (typed, written) in [
            ("Lake", "Lake.lacuna"),
            ("2024.05.01 lake", "2024.05.01 lake.lacuna"),
            ("Lake.LACUNA", "Lake.LACUNA"),
            ("Lake.png", "Lake.png.lacuna"),
        ] {
            assert_eq!(with_ending(Path::new(typed)), Path::new(written));
        }
    }
}
