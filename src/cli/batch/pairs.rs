//! Which mask belongs to which photo, and which keep-out mask.
//!
//! By name: the file stem of the photo, or that with `_mask` or `-mask` (for keep-out masks `_keep-out` or
//! `-keep-out`), in the same folder below the masks as the photo's below the photos. Where folders are shared only the
//! second kind counts. A single file belongs to every photo of its size. Everything is in the order of the names, which
//! is the same on every machine.

use std::{
    collections::{BTreeMap, BTreeSet},
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
const MASK: [&str; 2] = ["_mask", "-mask"];
/// The same of a keep-out mask.
const KEEP_OUT: [&str; 2] = ["_keep-out", "-keep-out"];

/// Where to look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'a> {
    pub(super) photos: &'a Path,
    pub(super) masks: &'a Path,
    pub(super) keep_out: Option<&'a Path>,
    /// What lies in it is no photo and no mask.
    pub(super) out: &'a Path,
}

/// A photo, and its masks or why it is not clear which these are.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) photo: Named,
    pub(super) masks: Result<Masks, String>,
}

/// What goes from a photo, and what must not be copied from.
#[derive(Debug, Clone)]
pub(super) struct Masks {
    pub(super) mask: PathBuf,
    pub(super) keep_out: Option<PathBuf>,
}

impl Masks {
    pub(super) fn all(&self) -> impl Iterator<Item = &Path> {
        [Some(&self.mask), self.keep_out.as_ref()]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
    }
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
    fn is_spelled(&self, suffixes: [&str; 2]) -> bool {
        let stem = self.stem();
        let stem = stem.to_string_lossy();
        suffixes.iter().any(|suffix| stem.ends_with(suffix))
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
    /// Files whose ending names no format that can be read.
    pub(super) other_files: Vec<PathBuf>,
    /// What else should be known.
    pub(super) notices: Vec<String>,
}

/// Looks through all places.
pub(super) fn find(places: &Places<'_>, progress: &dyn Progress) -> anyhow::Result<Found> {
    let Places { photos, masks, .. } = *places;
    if photos.is_file() {
        return Err(anyhow!(
            "looking for photos in {}: it is a file; name its folder, or use `lacuna inpaint` for one photo",
            photos.display()
        ));
    }
    if !photos.is_dir() {
        return Err(ScanError::NotAFolder(photos.display().to_string()).into());
    }
    progress.stage("Looking for photos")?;
    let mut found = Found::default();
    let pictures = found.pictures(photos, places, progress)?;
    if pictures.is_empty() {
        return Err(anyhow!(
            "no photo in {}: there is no picture in it; choose a folder with JPEG, PNG, TIFF or WebP photos",
            photos.display()
        ));
    }
    let is_shared = is_same_file(photos, masks);
    let keeps_out_here = places
        .keep_out
        .is_some_and(|keep_out| is_same_file(photos, keep_out));
    let (kept_out, pictures): (Vec<_>, Vec<_>) = pictures
        .into_iter()
        .partition(|picture| keeps_out_here && picture.is_spelled(KEEP_OUT));
    let (spelled, pictures): (Vec<_>, Vec<_>) = pictures
        .into_iter()
        .partition(|picture| is_shared && picture.is_spelled(MASK));
    if masks.is_file() {
        found.with_one_mask(pictures, photos, masks, progress)?;
    } else {
        if !masks.is_dir() {
            return Err(no_such_masks(masks));
        }
        let spelled = if is_shared {
            spelled
        } else {
            found.pictures(masks, places, progress)?
        };
        found.by_name(pictures, spelled, places);
        if found.pairs.is_empty() {
            return Err(no_pair(photos, masks, &found));
        }
    }
    if let Some(keep_out) = places.keep_out {
        let kept_out = keeps_out_here.then_some(kept_out);
        found.keep_out(keep_out, kept_out, places, progress)?;
    }
    found.tell_once();
    Ok(found)
}

impl Found {
    /// The pictures in `dir`, without those in the other places where these lie in it.
    fn pictures(
        &mut self,
        dir: &Path,
        places: &Places<'_>,
        progress: &dyn Progress,
    ) -> anyhow::Result<Vec<Named>> {
        let others: Vec<PathBuf> = [
            Some(places.photos),
            Some(places.masks),
            places.keep_out,
            Some(places.out),
        ]
        .into_iter()
        .flatten()
        .filter(|path| !is_same_file(path, dir))
        .filter_map(|path| fs::canonicalize(path).ok())
        .collect();
        let is_left_out = |path: &Path| fs::canonicalize(path).is_ok_and(|path| others.contains(&path));
        let (files, skipped) = data::files(dir, &is_left_out, progress)?;
        self.skipped.extend(skipped);
        let (files, other_files): (Vec<_>, Vec<_>) = files
            .into_iter()
            .partition(|path| Format::from_path(path).is_some());
        self.other_files.extend(other_files);
        self.originals.extend(files.iter().cloned());
        let named = |path: PathBuf| {
            let name = path.strip_prefix(dir).unwrap_or(&path).to_owned();
            Named { name, path }
        };
        Ok(files.into_iter().map(named).collect())
    }

    /// A folder of masks of both kinds was looked through twice.
    fn tell_once(&mut self) {
        self.other_files.sort();
        self.other_files.dedup();
        let mut seen = BTreeSet::new();
        self.skipped.retain(|skipped| seen.insert(skipped.path.clone()));
    }

    fn by_name(&mut self, photos: Vec<Named>, masks: Vec<Named>, places: &Places<'_>) {
        let is_shared = is_same_file(places.photos, places.masks);
        let keeps_out_here = places
            .keep_out
            .is_some_and(|keep_out| is_same_file(places.masks, keep_out));
        let masks = masks
            .into_iter()
            .filter(|mask| !(keeps_out_here && mask.is_spelled(KEEP_OUT)));
        let mut by_name = ByName::new(masks.collect(), MASK, is_shared);
        for photo in photos {
            match by_name.of(&photo).transpose() {
                None => self.without_mask.push((photo, "no mask has its name".to_owned())),
                Some(mask) => self.pairs.push(Pair {
                    photo,
                    masks: mask.map(|mask| Masks { mask, keep_out: None }),
                }),
            }
        }
        self.without_photo.extend(by_name.unused());
    }

    fn with_one_mask(
        &mut self,
        pictures: Vec<Named>,
        photos: &Path,
        mask: &Path,
        progress: &dyn Progress,
    ) -> anyhow::Result<()> {
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
                    masks: Ok(Masks {
                        mask: mask.to_owned(),
                        keep_out: None,
                    }),
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
        Ok(())
    }

    /// Adds the keep-out masks from `place`; `here` are those that lie among the photos. A photo may have none.
    fn keep_out(
        &mut self,
        place: &Path,
        here: Option<Vec<Named>>,
        places: &Places<'_>,
        progress: &dyn Progress,
    ) -> anyhow::Result<()> {
        if place.is_file() {
            return self.keep_out_of_size(place, progress);
        }
        if !place.is_dir() {
            return Err(no_such_masks(place));
        }
        let is_shared = here.is_some() || is_same_file(places.masks, place);
        let mut masks = match here {
            Some(here) => here,
            None => self.pictures(place, places, progress)?,
        };
        masks.retain(|mask| !is_shared || mask.is_spelled(KEEP_OUT));
        let mut by_name = ByName::new(masks, KEEP_OUT, is_shared);
        for pair in &mut self.pairs {
            match by_name.of(&pair.photo) {
                Ok(keep_out) => {
                    if let Ok(masks) = &mut pair.masks {
                        masks.keep_out = keep_out;
                    }
                }
                Err(why) => pair.masks = Err(why),
            }
        }
        for (photo, _) in &self.without_mask {
            // It is no stray one, although its photo is not to be filled.
            let _ = by_name.of(photo);
        }
        if !by_name.is_used.contains(&true) {
            return Err(anyhow!(
                "no keep-out mask in {} has the name of a photo in {}: name it like its photo, or like it with _keep-out \
                 behind the name",
                place.display(),
                places.photos.display()
            ));
        }
        self.without_photo.extend(by_name.unused());
        Ok(())
    }

    fn keep_out_of_size(&mut self, mask: &Path, progress: &dyn Progress) -> anyhow::Result<()> {
        let (width, height) = read::size(mask)?;
        self.originals.push(mask.to_owned());
        let (total, mut others) = (self.pairs.len(), 0);
        for (index, pair) in self.pairs.iter_mut().enumerate() {
            progress.step(index as u64, total as u64)?;
            if read::size(&pair.photo.path).is_ok_and(|size| size != (width, height)) {
                others += 1;
            } else if let Ok(masks) = &mut pair.masks {
                masks.keep_out = Some(mask.to_owned());
            }
        }
        if others == total {
            return Err(anyhow!(
                "no photo has the size of the keep-out mask {} ({width}×{height}); use a mask of the photos' size",
                mask.display()
            ));
        }
        if others > 0 {
            self.notices.push(format!(
                "{} not of the size of the keep-out mask ({width}×{height}) and filled without it",
                if others == 1 {
                    "1 photo is".to_owned()
                } else {
                    format!("{others} photos are")
                }
            ));
        }
        Ok(())
    }
}

/// Masks by folder and stem.
struct ByName {
    masks: Vec<Named>,
    at: BTreeMap<(PathBuf, OsString), Vec<usize>>,
    suffixes: Vec<&'static str>,
    is_used: Vec<bool>,
}

impl ByName {
    /// In a folder that is shared with other pictures a mask is known by its suffix alone.
    fn new(masks: Vec<Named>, suffixes: [&'static str; 2], is_shared: bool) -> Self {
        let mut at: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, mask) in masks.iter().enumerate() {
            at.entry((mask.folder(), mask.stem())).or_default().push(index);
        }
        Self {
            is_used: vec![false; masks.len()],
            masks,
            at,
            suffixes: (!is_shared).then_some("").into_iter().chain(suffixes).collect(),
        }
    }

    /// The mask of a photo, if there is one; an error where there are two.
    fn of(&mut self, photo: &Named) -> Result<Option<PathBuf>, String> {
        let stem = |suffix: &&str| {
            let mut stem = photo.stem();
            stem.push(suffix);
            (photo.folder(), stem)
        };
        let places = self
            .suffixes
            .iter()
            .filter_map(|suffix| self.at.get(&stem(suffix)));
        let fitting: Vec<usize> = places.flatten().copied().collect();
        fitting.iter().for_each(|&index| self.is_used[index] = true);
        let path = |index: usize| &self.masks[index].path;
        match fitting.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(path(*one).clone())),
            [one, two, ..] => Err(format!(
                "two masks have its name, {} and {}; keep one of them",
                path(*one).display(),
                path(*two).display()
            )),
        }
    }

    /// Those that no photo has asked for.
    fn unused(self) -> impl Iterator<Item = Named> {
        let all = self.masks.into_iter().zip(self.is_used);
        all.filter(|(_, is_used)| !is_used).map(|(mask, _)| mask)
    }
}

fn no_such_masks(place: &Path) -> anyhow::Error {
    anyhow!(
        "looking for masks in {}: there is no such folder or file; check its name",
        place.display()
    )
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
