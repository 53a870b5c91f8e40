//! What every action is called, what is said of it and how it is drawn.

use super::Action;
use crate::app::icons;

impl Action {
    /// What it is called everywhere.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Open => "Open photo…",
            Self::OpenSample => "Open sample photo",
            Self::OpenMask => "Open mask…",
            Self::SaveMask => "Save mask…",
            Self::OpenKeepOut => "Open keep-out area…",
            Self::SaveKeepOut => "Save keep-out area…",
            Self::Paste => "Paste as new photo",
            Self::Export => "Export…",
            Self::ExportAs => "Export as…",
            Self::SaveProject => "Save project",
            Self::SaveProjectAs => "Save project as…",
            Self::CopyResult => "Copy result",
            Self::Quit => "Quit",
            Self::Undo => "Undo",
            Self::Redo => "Redo",
            Self::Brush => "Brush",
            Self::Eraser => "Eraser",
            Self::Lasso => "Lasso",
            Self::Polygon => "Polygon",
            Self::Rectangle => "Rectangle",
            Self::Wand => "Magic wand",
            Self::KeepOut => "Keep out",
            Self::Hand => "Hand",
            Self::Larger => "Larger brush",
            Self::Smaller => "Smaller brush",
            Self::Harder => "Harder edge",
            Self::Softer => "Softer edge",
            Self::InvertMask => "Invert mask",
            Self::ClearMask => "Clear mask",
            Self::GrowMask => "Grow mask",
            Self::ShrinkMask => "Shrink mask",
            Self::ClearKeepOut => "Clear keep-out area",
            Self::ToggleOverlay => "Show mask overlay",
            Self::ToggleUncertainty => "Show uncertainty",
            Self::Fill => "Fill",
            Self::ToggleFillOnRelease => "Fill on release",
            Self::TryAgain => "Try again",
            Self::NextCandidate => "Next candidate",
            Self::PreviousCandidate => "Previous candidate",
            Self::Cancel => "Cancel",
            Self::Before => "Show before",
            Self::Split => "Split view",
            Self::SideBySide => "Side by side",
            Self::ZoomIn => "Zoom in",
            Self::ZoomOut => "Zoom out",
            Self::Fit => "Fit in window",
            Self::ActualSize => "Actual size (100 %)",
            Self::ToggleTheme => "Light theme",
            Self::Palette => "Command palette…",
            Self::Shortcuts => "Keyboard shortcuts",
            Self::Settings => "Settings…",
            Self::EditTab => "Show Edit tab",
            Self::TrainTab => "Show Train tab",
            Self::TrainPhotos => "Choose training photos…",
            Self::StartTraining => "Start training",
            Self::PauseTraining => "Pause training",
            Self::StopTraining => "Stop training",
            Self::SaveTraining => "Save checkpoint now",
            Self::SampleTraining => "Refresh samples now",
            Self::UseTrained => "Use trained weights",
            Self::PreviousWeights => "Back to previous weights",
        }
    }

    /// One sentence more.
    pub const fn tooltip(self) -> &'static str {
        match self {
            Self::Open => "Open a JPEG, PNG, TIFF or WebP photo, or a Lacuna project",
            Self::OpenSample => "Open the photo that comes with Lacuna, with something already masked",
            Self::OpenMask => "Take the mask from a picture of the photo's size: white goes",
            Self::SaveMask => "Write the mask as a PNG: white is what goes, as the command line takes it",
            Self::OpenKeepOut => {
                "Take the keep-out area from a picture of the photo's size: nothing is copied from white"
            }
            Self::SaveKeepOut => {
                "Write the keep-out area as a PNG: white is kept out, as the command line takes it"
            }
            Self::Paste => "Open the picture on the clipboard as a new photo",
            Self::Export => "Write the result to a new file; the original stays as it is",
            Self::ExportAs => "Write the result and choose format, place and metadata",
            Self::SaveProject => "Write photo, masks and removals to one file, to go on with another day",
            Self::SaveProjectAs => "Write the project to a file of another name",
            Self::CopyResult => "Put the photo with all visible removals on the clipboard",
            Self::Quit => "Close Lacuna",
            Self::Undo => "Take the last step back",
            Self::Redo => "Do again what was undone",
            Self::Brush => "Brush over what should go; hold Alt or the right button to erase",
            Self::Eraser => "Take away what was brushed by mistake",
            Self::Lasso => "Draw around what should go; hold Alt or the right button to erase",
            Self::Polygon => {
                "Click from corner to corner around what should go; Enter or a click on the first closes it, Backspace takes the last back"
            }
            Self::Rectangle => "Drag a rectangle over what should go; hold Shift for a square, Alt to erase",
            Self::Wand => {
                "Click on what should go, and all of its colour around is masked; hold Alt or the right button to erase"
            }
            Self::KeepOut => {
                "Mark what nothing should be copied from, with brush, outline or wand; once more to mark what should go"
            }
            Self::Hand => "Move the photo; holding Space does the same with any tool",
            Self::Larger => "A larger brush and eraser, or a wider tolerance of the magic wand",
            Self::Smaller => "A smaller brush and eraser, or a narrower tolerance of the magic wand",
            Self::Harder => "A sharper edge of brush and eraser",
            Self::Softer => "A softer edge of brush and eraser",
            Self::InvertMask => "Mask what is not masked and the other way round",
            Self::ClearMask => "Mask nothing",
            Self::GrowMask => "Widen the masked area by a few pixels",
            Self::ShrinkMask => "Narrow the masked area by a few pixels",
            Self::ClearKeepOut => "Allow copying from everywhere again",
            Self::ToggleOverlay => "Show or hide the colour over what is masked",
            Self::ToggleUncertainty => "Show or hide where the candidates of the last fill differ",
            Self::Fill => "Replace what is masked by what could be behind it",
            Self::ToggleFillOnRelease => {
                "Fill by itself as soon as a stroke, an area or a pick of the magic wand is complete"
            }
            Self::TryAgain => "Fill the latest removal once more in another way, in its place",
            Self::NextCandidate => "Take the next of the candidates that the last fill gave",
            Self::PreviousCandidate => "Take the candidate before",
            Self::Cancel => "Stop what is running; nothing is left half done",
            Self::Before => "Show the original, for as long as the key is held",
            Self::Split => "Original left of a line, result right of it",
            Self::SideBySide => "Original and result next to each other",
            Self::ZoomIn => "Look closer",
            Self::ZoomOut => "See more of the photo",
            Self::Fit => "Show the whole photo",
            Self::ActualSize => "One pixel of the photo is one pixel of the screen",
            Self::ToggleTheme => "Change between the dark and the light window",
            Self::Palette => "Find any command by its name",
            Self::Shortcuts => "List every command with its keys",
            Self::Settings => "Appearance, device and weights",
            Self::EditTab => "Work on the photo; training goes on",
            Self::TrainTab => "Let the network learn from your own photos",
            Self::TrainPhotos => "Choose the folder with the photos to learn from",
            Self::StartTraining => "Begin to learn from the photos; editing goes on meanwhile",
            Self::PauseTraining => "Hold training or let it go on; what is loaded stays loaded",
            Self::StopTraining => "Save and end training; it can go on later from there",
            Self::SaveTraining => "Write a checkpoint after this step",
            Self::SampleTraining => "Show how the held-out photos are filled after this step",
            Self::UseTrained => "Fill with the weights that training has just made",
            Self::PreviousWeights => "Fill with the weights that were in use before",
        }
    }

    /// What else people call it, to find it by.
    pub(in crate::app) const fn other_words(self) -> &'static str {
        match self {
            Self::Export | Self::ExportAs => "save",
            Self::SaveProject | Self::SaveProjectAs => "layers session sidecar",
            Self::Fill => "remove heal inpaint erase object",
            Self::ToggleFillOnRelease => "automatic immediately instant",
            Self::KeepOut | Self::OpenKeepOut | Self::SaveKeepOut => "protect exclude",
            Self::Wand => "select similar",
            Self::Before => "compare original",
            Self::Split | Self::SideBySide => "compare before after",
            Self::ToggleTheme => "dark appearance",
            Self::Settings => "preferences options",
            Self::Quit => "exit",
            Self::ClearMask => "deselect",
            Self::InvertMask => "inverse selection",
            Self::GrowMask => "expand",
            Self::ShrinkMask => "contract",
            _ => "",
        }
    }

    /// Its glyph.
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Open => icons::FOLDER_OPEN,
            Self::OpenSample => icons::IMAGE,
            Self::OpenMask | Self::OpenKeepOut => icons::MASK,
            Self::Paste => icons::CLIPBOARD,
            Self::Export | Self::ExportAs | Self::SaveMask | Self::SaveKeepOut => icons::EXPORT,
            Self::CopyResult => icons::COPY,
            Self::Quit => icons::SIGN_OUT,
            Self::Undo => icons::UNDO,
            Self::Redo | Self::TryAgain => icons::REDO,
            Self::NextCandidate => icons::PLUS,
            Self::PreviousCandidate => icons::MINUS,
            Self::Brush => icons::PAINT_BRUSH,
            Self::Eraser => icons::ERASER,
            Self::Lasso => icons::LASSO,
            Self::Polygon => icons::POLYGON,
            Self::Rectangle => icons::RECTANGLE,
            Self::Wand => icons::MAGIC_WAND,
            Self::KeepOut => icons::EYE_SLASH,
            Self::Hand => icons::HAND,
            Self::Larger => icons::PLUS,
            Self::Smaller => icons::MINUS,
            Self::Harder => icons::CIRCLE,
            Self::Softer => icons::ACTUAL_SIZE,
            Self::InvertMask => icons::INVERT,
            Self::ClearMask | Self::ClearKeepOut => icons::BROOM,
            Self::GrowMask => icons::GROW,
            Self::ShrinkMask => icons::SHRINK,
            Self::ToggleOverlay | Self::ToggleUncertainty => icons::OVERLAY,
            Self::Fill | Self::ToggleFillOnRelease => icons::SPARKLE,
            Self::Cancel => icons::STOP,
            Self::Before => icons::CIRCLE_HALF,
            Self::Split => icons::SPLIT,
            Self::SideBySide => icons::SIDE_BY_SIDE,
            Self::ZoomIn => icons::ZOOM_IN,
            Self::ZoomOut => icons::ZOOM_OUT,
            Self::Fit => icons::FIT,
            Self::ActualSize => icons::SEARCH,
            Self::ToggleTheme => icons::SUN,
            Self::Palette => icons::COMMAND,
            Self::Shortcuts => icons::KEYBOARD,
            Self::Settings => icons::GEAR,
            Self::EditTab => icons::PENCIL,
            Self::TrainTab => icons::CHART,
            Self::TrainPhotos => icons::IMAGES,
            Self::StartTraining => icons::PLAY,
            Self::PauseTraining => icons::PAUSE,
            Self::StopTraining => icons::STOP,
            Self::SaveTraining | Self::SaveProject | Self::SaveProjectAs => icons::SAVE,
            Self::SampleTraining => icons::EYE,
            Self::UseTrained => icons::CHECK,
            Self::PreviousWeights => icons::HISTORY,
        }
    }
}
