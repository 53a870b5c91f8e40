//! A file that is either complete or not there.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use tempfile::{Builder, NamedTempFile};

use super::Problem;

/// Refuses early what would fail after minutes of encoding, and what must not happen at all.
pub(super) fn check_target(path: &Path, original: Option<&Path>, overwrite: bool) -> Result<(), Problem> {
    let folder = folder_of(path);
    if !folder.is_dir() {
        return Err(Problem::NoFolder {
            folder: folder.display().to_string(),
        });
    }
    if path.is_dir() || path.file_name().is_none() {
        return Err(Problem::IsFolder);
    }
    if original.is_some_and(|original| is_same_file(path, original)) {
        return Err(Problem::IsOriginal);
    }
    match path.symlink_metadata() {
        Ok(_) if !overwrite => Err(Problem::Exists),
        Ok(existing) if existing.permissions().readonly() => Err(Problem::ReadOnlyFile),
        _ => temporary_file(&folder).map(drop),
    }
}

/// Writes beside `path`, syncs and renames. On any failure nothing is left behind.
pub(super) fn write(path: &Path, bytes: &[u8], overwrite: bool) -> Result<(), Problem> {
    let folder = folder_of(path);
    let mut file = temporary_file(&folder)?;
    file.as_file_mut()
        .write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(Problem::Io)?;
    let renamed = if overwrite {
        file.persist(path)
    } else {
        // File systems of memory cards cannot refuse to replace; what is there was looked for just before.
        file.persist_noclobber(path)
            .or_else(|failed| match failed.error.kind() {
                io::ErrorKind::AlreadyExists => Err(failed),
                _ if path.symlink_metadata().is_ok() => Err(failed),
                _ => failed.file.persist(path),
            })
    };
    renamed.map_err(|failed| match failed.error.kind() {
        io::ErrorKind::AlreadyExists => Problem::Exists,
        _ => Problem::Io(failed.error),
    })?;
    sync_folder(&folder);
    Ok(())
}

/// A temporary file with the permissions of an ordinary new one, gone when dropped.
fn temporary_file(folder: &Path) -> Result<NamedTempFile, Problem> {
    let mut builder = Builder::new();
    builder.prefix(".lacuna-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    // The whole error names the temporary file, which nobody knows.
    let made = builder.tempfile_in(folder);
    made.map_err(|error| Problem::ReadOnlyFolder(error.kind().into()))
}

/// The rename itself reaches the disk. Not every file system can do it; then it does so later.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Whether both name the same file or folder, through links and detours too.
pub fn is_same_file(path: &Path, other: &Path) -> bool {
    match (fs::canonicalize(path), fs::canonicalize(other)) {
        (Ok(path), Ok(other)) => path == other,
        _ => path == other,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{check_target, write};
    use crate::imaging::write::{Problem, own_file};

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn an_existing_file_is_replaced_only_when_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        write(&path, b"first", false).unwrap();
        assert!(
            matches!(write(&path, b"second", false), Err(Problem::Exists)),
            "not asked"
        );
        assert!(
            matches!(check_target(&path, None, false), Err(Problem::Exists)),
            "not asked"
        );
        assert_eq!(fs::read(&path).unwrap(), b"first");
        write(&path, b"second", true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(names(folder.path()), ["a.png"], "nothing else is left");
    }

    #[test]
    fn the_original_is_recognised_through_detours() {
        let folder = tempfile::tempdir().unwrap();
        let original = folder.path().join("a.jpg");
        fs::write(&original, b"photo").unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        let detour = folder.path().join("sub").join("..").join("a.jpg");
        let refused = check_target(&detour, Some(&original), true);
        assert!(matches!(refused, Err(Problem::IsOriginal)), "{refused:?}");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let refused = check_target(&folder.path().join("no").join("a.png"), None, false);
        assert!(matches!(refused, Err(Problem::NoFolder { .. })), "{refused:?}");
    }

    #[test]
    fn a_file_of_the_programs_own_is_replaced_and_the_systems_error_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.json");
        for contents in [&b"first"[..], b"second"] {
            own_file(&path, contents).unwrap();
            assert_eq!(fs::read(&path).unwrap(), contents);
        }
        let error = own_file(&folder.path().join("no/own.json"), b"lost").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
        assert_eq!(names(folder.path()), ["own.json"], "nothing else is left");
    }
}
