//! Starting the window.

use eframe::egui::{IconData, ViewportBuilder};

use super::{App, Start};

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// This machine has no display, or none that can be reached.
    #[error("there is no display to open a window on ({0}); use `lacuna inpaint` without one")]
    NoDisplay(String),
    /// There is a display but the window did not come up.
    #[error("the window could not be opened: {0}; a graphics driver may be missing or out of date")]
    Failed(String),
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
    let shown = eframe::run_native(
        "Lacuna",
        options,
        Box::new(|cc| Ok(Box::new(App::new(cc, start)))),
    );
    shown.map_err(|error| match error {
        eframe::Error::WinitEventLoop(_) | eframe::Error::Winit(_) => RunError::NoDisplay(first_line(&error)),
        _ => RunError::Failed(first_line(&error)),
    })
}

fn first_line(error: &eframe::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// The icon in the task bar; without one if it cannot be decoded.
fn icon() -> IconData {
    let bytes = include_bytes!("../../assets/icon/lacuna-256.png");
    eframe::icon_data::from_png_bytes(bytes).unwrap_or_default()
}
