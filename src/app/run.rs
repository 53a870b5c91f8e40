//! Starting the window.

use std::{cell::Cell, rc::Rc};

use eframe::egui::{IconData, ViewportBuilder};

use super::{App, Start};

/// Why there is no window, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// This machine has no display, or none that can be reached.
    #[error("there is no display that can be reached")]
    NoDisplay(String),
    /// There is a display but the window did not come up.
    #[error(
        "the window could not be opened: {0}; a graphics driver may be missing or out of date; \
         `lacuna inpaint` needs none"
    )]
    Failed(String),
    /// The window was there; then its display went away, or the graphics driver gave up.
    #[error("the window ended: {0}; what was not exported comes back at the next start")]
    Ended(String),
}

impl RunError {
    /// What `error` means, by whether the window had come up.
    fn new(error: &eframe::Error, came_up: bool) -> Self {
        let why = error.to_string().lines().next().unwrap_or_default().to_owned();
        match error {
            _ if came_up => Self::Ended(why),
            eframe::Error::WinitEventLoop(_) => Self::NoDisplay(why),
            _ => Self::Failed(why),
        }
    }
}

/// Shows the window and returns when it is closed.
pub fn run(start: Start) -> Result<(), RunError> {
    let options = eframe::NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title("Lacuna")
            .with_app_id("lacuna")
            .with_inner_size([1360.0, 860.0])
            .with_min_inner_size([760.0, 520.0])
            .with_drag_and_drop(true)
            .with_icon(icon()),
        renderer: eframe::Renderer::Wgpu,
        // Ctrl+C and Ctrl+V mean the photo here; text fields get theirs in `clipboard`.
        clipboard_shortcuts: false,
        // Dithering would add noise to the photo.
        dithering: false,
        ..eframe::NativeOptions::default()
    };
    let came_up = Rc::new(Cell::new(false));
    let has_come_up = Rc::clone(&came_up);
    let shown = eframe::run_native(
        "Lacuna",
        options,
        Box::new(move |cc| {
            has_come_up.set(true);
            Ok(Box::new(App::new(cc, start)))
        }),
    );
    shown.map_err(|error| RunError::new(&error, came_up.get()))
}

/// The icon in the task bar; without one if it cannot be decoded.
fn icon() -> IconData {
    let bytes = include_bytes!("../../assets/icon/lacuna-256.png");
    eframe::icon_data::from_png_bytes(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use eframe::{Error, egui_wgpu::WgpuError};

    use super::RunError;

    #[test]
    fn a_window_that_was_there_has_ended_and_one_that_was_not_could_not_be_opened() {
        let broken = || Error::Wgpu(WgpuError::NoSurfaceFormatsAvailable);
        let (before, after) = (RunError::new(&broken(), false), RunError::new(&broken(), true));
        assert!(matches!(before, RunError::Failed(_)), "{before}");
        assert!(matches!(after, RunError::Ended(_)), "{after}");
        for (error, words) in [(before, "could not be opened"), (after, "the window ended")] {
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
