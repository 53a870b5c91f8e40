//! Every action there is, once: menus, command palette, shortcut sheet, toolbar and tooltips all read this enum.
//!
//! An [`Action`] needs no more input than being chosen. What carries values (opening a certain file, moving a
//! slider) is a [`Command`](super::command::Command).

use super::icons;

/// Something a person can choose to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Choose a photo to open.
    Open,
    /// Open the photo that comes with the program.
    OpenSample,
    /// Take a mask from a file.
    OpenMask,
    /// Write the mask to a file.
    SaveMask,
    /// Open the picture on the clipboard.
    Paste,
    /// Write the result, where it was written before if it was.
    Export,
    /// Write the result and choose how and where.
    ExportAs,
    /// Put the result on the clipboard.
    CopyResult,
    /// Close the window.
    Quit,
    /// Take the last step back.
    Undo,
    /// Bring it back.
    Redo,
    /// Mark what should go.
    Brush,
    /// Take marks away.
    Eraser,
    /// Mark what a line surrounds.
    Lasso,
    /// Mark what corners surround.
    Polygon,
    /// Mark a rectangle.
    Rectangle,
    /// Mark what nothing should be copied from.
    KeepOut,
    /// Move the photo.
    Hand,
    /// A larger brush.
    Larger,
    /// A smaller brush.
    Smaller,
    /// A harder edge.
    Harder,
    /// A softer edge.
    Softer,
    /// Mask what is not masked.
    InvertMask,
    /// Mask nothing.
    ClearMask,
    /// Widen the mask.
    GrowMask,
    /// Narrow the mask.
    ShrinkMask,
    /// Keep nothing out.
    ClearKeepOut,
    /// Show or hide the mask's colour.
    ToggleOverlay,
    /// Fill what is masked.
    Fill,
    /// Make the latest removal again.
    TryAgain,
    /// Take the next of several fills.
    NextCandidate,
    /// Take the one before.
    PreviousCandidate,
    /// Stop what runs.
    Cancel,
    /// Show or hide where the candidates differ.
    ToggleUncertainty,
    /// Show the original instead of the result.
    Before,
    /// Divide the view into before and after.
    Split,
    /// Show before and after next to each other.
    SideBySide,
    /// Closer.
    ZoomIn,
    /// Farther.
    ZoomOut,
    /// The whole photo.
    Fit,
    /// One photo pixel on one screen pixel.
    ActualSize,
    /// Dark or light.
    ToggleTheme,
    /// Find any action by name.
    Palette,
    /// The list of keys.
    Shortcuts,
    /// Preferences.
    Settings,
    /// Show the photo.
    EditTab,
    /// Show the training.
    TrainTab,
    /// Choose the photos to learn from.
    TrainPhotos,
    /// Begin to train.
    StartTraining,
    /// Hold training, or let it go on.
    PauseTraining,
    /// Save and end training.
    StopTraining,
    /// Write a checkpoint now.
    SaveTraining,
    /// Show how the held-out photos are filled now.
    SampleTraining,
    /// Fill with the weights that training made.
    UseTrained,
    /// Fill with the weights from before.
    PreviousWeights,
}

/// The menus, which are also the sections of the shortcut sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Menu {
    /// Photos in and out.
    File,
    /// Steps back and forth.
    Edit,
    /// Painting.
    Tool,
    /// What should go.
    Mask,
    /// How it is shown.
    View,
    /// Learning from photos.
    Train,
    /// About the window itself.
    Help,
}

impl Menu {
    /// From left to right.
    pub const ALL: [Self; 7] = [
        Self::File,
        Self::Edit,
        Self::Tool,
        Self::Mask,
        Self::View,
        Self::Train,
        Self::Help,
    ];

    /// As the menu bar names it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::Edit => "Edit",
            Self::Tool => "Tools",
            Self::Mask => "Mask",
            Self::View => "View",
            Self::Train => "Train",
            Self::Help => "Help",
        }
    }
}

impl Action {
    /// All of them, menu by menu.
    pub const ALL: [Self; 55] = [
        Self::Open,
        Self::OpenSample,
        Self::Paste,
        Self::Export,
        Self::ExportAs,
        Self::CopyResult,
        Self::Settings,
        Self::Quit,
        Self::Undo,
        Self::Redo,
        Self::Fill,
        Self::TryAgain,
        Self::NextCandidate,
        Self::PreviousCandidate,
        Self::Cancel,
        Self::Brush,
        Self::Eraser,
        Self::Lasso,
        Self::Polygon,
        Self::Rectangle,
        Self::KeepOut,
        Self::Hand,
        Self::Larger,
        Self::Smaller,
        Self::Harder,
        Self::Softer,
        Self::OpenMask,
        Self::SaveMask,
        Self::InvertMask,
        Self::ClearMask,
        Self::GrowMask,
        Self::ShrinkMask,
        Self::ClearKeepOut,
        Self::ToggleOverlay,
        Self::ToggleUncertainty,
        Self::Before,
        Self::Split,
        Self::SideBySide,
        Self::ZoomIn,
        Self::ZoomOut,
        Self::Fit,
        Self::ActualSize,
        Self::EditTab,
        Self::TrainTab,
        Self::ToggleTheme,
        Self::TrainPhotos,
        Self::StartTraining,
        Self::PauseTraining,
        Self::StopTraining,
        Self::SaveTraining,
        Self::SampleTraining,
        Self::UseTrained,
        Self::PreviousWeights,
        Self::Palette,
        Self::Shortcuts,
    ];

    /// Where it stands.
    pub const fn menu(self) -> Menu {
        match self {
            Self::Open
            | Self::OpenSample
            | Self::Paste
            | Self::Export
            | Self::ExportAs
            | Self::CopyResult
            | Self::Settings
            | Self::Quit => Menu::File,
            Self::Undo
            | Self::Redo
            | Self::Fill
            | Self::TryAgain
            | Self::NextCandidate
            | Self::PreviousCandidate
            | Self::Cancel => Menu::Edit,
            Self::Brush
            | Self::Eraser
            | Self::Lasso
            | Self::Polygon
            | Self::Rectangle
            | Self::KeepOut
            | Self::Hand
            | Self::Larger
            | Self::Smaller
            | Self::Harder
            | Self::Softer => Menu::Tool,
            Self::OpenMask
            | Self::SaveMask
            | Self::InvertMask
            | Self::ClearMask
            | Self::GrowMask
            | Self::ShrinkMask
            | Self::ClearKeepOut
            | Self::ToggleOverlay
            | Self::ToggleUncertainty => Menu::Mask,
            Self::Before
            | Self::Split
            | Self::SideBySide
            | Self::ZoomIn
            | Self::ZoomOut
            | Self::Fit
            | Self::ActualSize
            | Self::EditTab
            | Self::TrainTab
            | Self::ToggleTheme => Menu::View,
            Self::TrainPhotos
            | Self::StartTraining
            | Self::PauseTraining
            | Self::StopTraining
            | Self::SaveTraining
            | Self::SampleTraining
            | Self::UseTrained
            | Self::PreviousWeights => Menu::Train,
            Self::Palette | Self::Shortcuts => Menu::Help,
        }
    }

    /// Whether a line goes before it in its menu.
    pub const fn begins_group(self) -> bool {
        matches!(
            self,
            Self::Export
                | Self::Settings
                | Self::Fill
                | Self::Larger
                | Self::InvertMask
                | Self::ToggleOverlay
                | Self::ZoomIn
                | Self::EditTab
                | Self::ToggleTheme
                | Self::StartTraining
                | Self::SaveTraining
                | Self::UseTrained
        )
    }

    /// What it is called everywhere.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Open => "Open photo…",
            Self::OpenSample => "Open sample photo",
            Self::OpenMask => "Open mask…",
            Self::SaveMask => "Save mask…",
            Self::Paste => "Paste as new photo",
            Self::Export => "Export…",
            Self::ExportAs => "Export as…",
            Self::CopyResult => "Copy result",
            Self::Quit => "Quit",
            Self::Undo => "Undo",
            Self::Redo => "Redo",
            Self::Brush => "Brush",
            Self::Eraser => "Eraser",
            Self::Lasso => "Lasso",
            Self::Polygon => "Polygon",
            Self::Rectangle => "Rectangle",
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
            Self::Open => "Open a JPEG, PNG, TIFF or WebP photo",
            Self::OpenSample => "Open the photo that comes with Lacuna, with something already masked",
            Self::OpenMask => "Take the mask from a picture of the photo's size: white goes",
            Self::SaveMask => "Write the mask as a PNG: white is what goes, as the command line takes it",
            Self::Paste => "Open the picture on the clipboard as a new photo",
            Self::Export => "Write the result to a new file; the original stays as it is",
            Self::ExportAs => "Write the result and choose format, place and metadata",
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
            Self::KeepOut => {
                "Brush over what nothing should be copied from; hold Alt or the right button to erase"
            }
            Self::Hand => "Move the photo; holding Space does the same with any tool",
            Self::Larger => "A larger brush and eraser",
            Self::Smaller => "A smaller brush and eraser",
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
            Self::TryAgain => "Fill the latest removal once more with other random choices, in its place",
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

    /// Its glyph.
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Open => icons::FOLDER_OPEN,
            Self::OpenSample => icons::IMAGE,
            Self::OpenMask => icons::MASK,
            Self::Paste => icons::CLIPBOARD,
            Self::Export | Self::ExportAs | Self::SaveMask => icons::EXPORT,
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
            Self::Fill => icons::SPARKLE,
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
            Self::SaveTraining => icons::SAVE,
            Self::SampleTraining => icons::EYE,
            Self::UseTrained => icons::CHECK,
            Self::PreviousWeights => icons::HISTORY,
        }
    }
}
