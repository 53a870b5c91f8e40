//! The job that trains: it runs [`train::run`] on a thread of its own and sends what happens to the window.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
};

use super::memory;
use crate::{
    jobs::{self, Job, JobProgress, Waker},
    train::{self, Config, Control, Event},
};

/// What the job sends.
#[derive(Debug)]
pub(in crate::app) enum Message {
    /// Where the results go, now that it is decided.
    Out(PathBuf),
    /// Something happened.
    Event(Event),
    /// Memory of the whole program.
    Memory(f64),
}

/// A training run in the background.
pub(in crate::app) struct TrainingJob {
    pub(in crate::app) job: Job<Result<(), String>>,
    pub(in crate::app) messages: Receiver<Message>,
    pub(in crate::app) control: Control,
}

impl TrainingJob {
    /// Starts a run, or goes on with the one in `config.out`. Without an output folder it takes a new one below
    /// `library`.
    pub(in crate::app) fn start(
        config: Config,
        resume: bool,
        library: Option<PathBuf>,
        waker: Waker,
    ) -> Self {
        let control = Control::default();
        let (sender, messages) = channel();
        let (steered, woken) = (control.clone(), Arc::clone(&waker));
        let job = jobs::spawn("Training", waker, move |progress| {
            work(
                config,
                resume,
                library.as_deref(),
                &steered,
                &sender,
                &woken,
                progress,
            )
        });
        Self {
            job,
            messages,
            control,
        }
    }
}

fn work(
    mut config: Config,
    resume: bool,
    library: Option<&Path>,
    control: &Control,
    sender: &Sender<Message>,
    waker: &Waker,
    progress: &JobProgress,
) -> Result<(), String> {
    // Nobody may be listening any more; the run saves and ends all the same.
    let send = |message| {
        let _ = sender.send(message);
        waker();
    };
    if config.out.as_os_str().is_empty() {
        config.out = new_folder(library, &config.photos)?;
    }
    send(Message::Out(config.out.clone()));
    let mut on_event = |event: Event| {
        if matches!(event, Event::Step { .. })
            && let Some(mib) = memory::resident_mib()
        {
            send(Message::Memory(mib));
        }
        send(Message::Event(event));
    };
    let outcome = train::run(&config, resume, control, &mut on_event, progress);
    outcome.map(|_| ()).map_err(|error| error.to_string())
}

/// A folder below `library` that does not exist yet, named after the folder of photos.
fn new_folder(library: Option<&Path>, photos: &Path) -> Result<PathBuf, String> {
    let library = library.ok_or("this system names no place for results; choose an output folder")?;
    let name = photos.file_name().unwrap_or_default().to_string_lossy();
    let name = if name.is_empty() { "photos".into() } else { name };
    let names = std::iter::once(name.to_string()).chain((2..).map(|number| format!("{name} {number}")));
    let mut folders = names.map(|name| library.join(name));
    folders
        .find(|folder| !folder.exists())
        .ok_or_else(|| "no name is free for the results; choose an output folder".to_owned())
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::new_folder;

    #[test]
    fn a_second_run_on_the_same_photos_gets_a_folder_of_its_own() {
        let library = tempfile::tempdir().unwrap();
        let photos = Path::new("/photos/Norway");
        let first = new_folder(Some(library.path()), photos).unwrap();
        assert_eq!(first, library.path().join("Norway"));
        fs::create_dir(&first).unwrap();
        let second = new_folder(Some(library.path()), photos).unwrap();
        assert_eq!(second, library.path().join("Norway 2"));
    }
}
