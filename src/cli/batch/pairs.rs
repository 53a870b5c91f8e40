//! Which mask belongs to which photo.
//!
//! By name: the file stem of the photo, or that with `_mask` or `-mask`, in the same folder below the masks as the
//! photo's below the photos. Where photos and masks share one folder only the second kind counts. A single mask file
//! belongs to every photo of its size. Everything is in the order of the names, which is the same on every machine.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::anyhow;

use crate::{
    data::{self, ScanError, Skipped},
    imaging::{Format, read, write::is_same_file},
    progress::Progress,
};

/// What the stem of a mask may have behind that of its photo.
const SUFFIXES: [&str; 2] = ["_mask", "-mask"];

/// A photo, and its mask or why it is not clear which that is.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) photo: Named,
    pub(super) mask: Result<PathBuf, String>,
}

/// A file.
#[derive(Debug, Clone)]
pub(super) struct Named {
    /// Below the folder in which it was found.
    pub(super) name: PathBuf,
    pub(super) path: PathBuf,
}

impl Named {
    /// With `/` on every system: it stands in reports.
    pub(super) fn display_name(&self) -> String {
        let parts: Vec<_> = self.name.iter().map(|part| part.to_string_lossy()).collect();
        parts.join("/")
    }

    fn folder(&self) -> PathBuf {
        self.name.parent().map_or_else(PathBuf::new, Path::to_owned)
    }

    fn stem(&self) -> OsString {
        self.name.file_stem().unwrap_or_default().to_owned()
    }

    /// Whether the name is that of a mask by its spelling alone.
    fn is_spelled_mask(&self) -> bool {
        let stem = self.stem();
        let stem = stem.to_string_lossy();
        SUFFIXES.iter().any(|suffix| stem.ends_with(suffix))
    }
}

/// Everything that lies in the folders.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) pairs: Vec<Pair>,
    /// With the reason.
    pub(super) without_mask: Vec<(Named, String)>,
    pub(super) without_photo: Vec<Named>,
    /// Every photo and mask file, in a pair or not.
    pub(super) originals: Vec<PathBuf>,
    /// What could not be looked at.
    pub(super) skipped: Vec<Skipped>,
}

/// Looks through `photos` and `masks`. What lies in `out` is no photo and no mask.
pub(super) fn find(
    photos: &Path,
    masks: &Path,
    out: &Path,
    progress: &dyn Progress,
) -> anyhow::Result<Found> {
    if !photos.is_dir() {
        return Err(ScanError::NotAFolder(photos.display().to_string()).into());
    }
    progress.stage("Looking for photos")?;
    let mut found = Found::default();
    let pictures = found.pictures(photos, &[masks, out], progress)?;
    if pictures.is_empty() {
        return Err(anyhow!(
            "no photo in {}: there is no picture in it; choose a folder with JPEG, PNG, TIFF or WebP photos",
            photos.display()
        ));
    }
    if masks.is_file() {
        return found.with_one_mask(pictures, photos, masks, progress);
    }
    if !masks.is_dir() {
        return Err(anyhow!(
            "looking for masks in {}: there is no such folder or file; check its name",
            masks.display()
        ));
    }
    let is_shared = is_same_file(photos, masks);
    let (spelled, pictures): (Vec<_>, Vec<_>) = pictures
        .into_iter()
        .partition(|picture| is_shared && picture.is_spelled_mask());
    let spelled = if is_shared {
        spelled
    } else {
        found.pictures(masks, &[photos, out], progress)?
    };
    found.by_name(pictures, &spelled, is_shared);
    if found.pairs.is_empty() {
        return Err(no_pair(photos, masks, &found));
    }
    Ok(found)
}

impl Found {
    /// The pictures in `dir`, without those in `others` where these lie in it.
    fn pictures(
        &mut self,
        dir: &Path,
        others: &[&Path],
        progress: &dyn Progress,
    ) -> anyhow::Result<Vec<Named>> {
        let others: Vec<PathBuf> = others
            .iter()
            .filter_map(|path| fs::canonicalize(path).ok())
            .collect();
        let is_left_out = |path: &Path| fs::canonicalize(path).is_ok_and(|path| others.contains(&path));
        let (mut files, skipped) = data::files(dir, &is_left_out, progress)?;
        self.skipped.extend(skipped);
        files.retain(|path| Format::from_path(path).is_some());
        self.originals.extend(files.iter().cloned());
        let named = |path: PathBuf| {
            let name = path.strip_prefix(dir).unwrap_or(&path).to_owned();
            Named { name, path }
        };
        Ok(files.into_iter().map(named).collect())
    }

    fn by_name(&mut self, photos: Vec<Named>, masks: &[Named], is_shared: bool) {
        let mut at: BTreeMap<(PathBuf, OsString), Vec<usize>> = BTreeMap::new();
        for (index, mask) in masks.iter().enumerate() {
            at.entry((mask.folder(), mask.stem())).or_default().push(index);
        }
        let mut is_used = vec![false; masks.len()];
        for photo in photos {
            let stem = |suffix: &str| {
                let mut stem = photo.stem();
                stem.push(suffix);
                (photo.folder(), stem)
            };
            let plain = (!is_shared).then_some("");
            let fitting: Vec<usize> = plain
                .into_iter()
                .chain(SUFFIXES)
                .filter_map(|suffix| at.get(&stem(suffix)))
                .flatten()
                .copied()
                .collect();
            fitting.iter().for_each(|&index| is_used[index] = true);
            let mask = match fitting.as_slice() {
                [] => {
                    self.without_mask.push((photo, "no mask has its name".to_owned()));
                    continue;
                }
                [one] => Ok(masks[*one].path.clone()),
                [one, two, ..] => Err(format!(
                    "two masks have its name, {} and {}; keep one of them",
                    masks[*one].path.display(),
                    masks[*two].path.display()
                )),
            };
            self.pairs.push(Pair { photo, mask });
        }
        let unused = masks.iter().zip(is_used).filter(|(_, is_used)| !is_used);
        self.without_photo.extend(unused.map(|(mask, _)| mask.clone()));
    }

    fn with_one_mask(
        mut self,
        pictures: Vec<Named>,
        photos: &Path,
        mask: &Path,
        progress: &dyn Progress,
    ) -> anyhow::Result<Self> {
        let (width, height) = read::size(mask)?;
        self.originals.push(mask.to_owned());
        let total = pictures.len() as u64;
        for (photo, index) in pictures.into_iter().zip(0..) {
            progress.step(index, total)?;
            match read::size(&photo.path) {
                Ok(size) if size != (width, height) => {
                    let why = format!(
                        "it has {}×{} pixels and the mask {width}×{height}",
                        size.0, size.1
                    );
                    self.without_mask.push((photo, why));
                }
                // What cannot be read is told when it is its turn.
                _ => self.pairs.push(Pair {
                    photo,
                    mask: Ok(mask.to_owned()),
                }),
            }
        }
        if self.pairs.is_empty() {
            return Err(anyhow!(
                "no photo in {} has the size of the mask {} ({width}×{height}); use a mask of the photos' size",
                photos.display(),
                mask.display()
            ));
        }
        Ok(self)
    }
}

fn no_pair(photos: &Path, masks: &Path, found: &Found) -> anyhow::Error {
    let example = found.without_mask.first().map_or_else(String::new, |(photo, _)| {
        let mask = photo.name.with_extension("");
        format!(
            "; for {} it is {}.png or {}_mask.png",
            photo.display_name(),
            mask.display(),
            mask.display()
        )
    });
    anyhow!(
        "no mask in {} has the name of a photo in {}: name masks like their photos{example}",
        masks.display(),
        photos.display()
    )
}
