//! Every action there is, once: menus, command palette, shortcut sheet, toolbar and tooltips all read this enum.
//!
//! An [`Action`] needs no more input than being chosen. What carries values (opening a certain file, moving a
//! slider) is a [`Command`](super::command::Command). How each is called and drawn stands in `words`, when each
//! can be chosen in `state`.

mod state;
mod words;

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
    /// Take the keep-out area from a file.
    OpenKeepOut,
    /// Write the keep-out area to a file.
    SaveKeepOut,
    /// Open the picture on the clipboard.
    Paste,
    /// Write the result, where it was written before if it was.
    Export,
    /// Write the result and choose how and where.
    ExportAs,
    /// Write the photo with the work on it, where that was written before if it was.
    SaveProject,
    /// Write the photo with the work on it and choose where.
    SaveProjectAs,
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
    /// Mark what has the colour of a place.
    Wand,
    /// Mark what nothing should be copied from, or what should go again.
    KeepOut,
    /// Move the photo.
    Hand,
    /// A larger brush, a wider tolerance.
    Larger,
    /// A smaller brush, a narrower tolerance.
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
    /// Fill as soon as something is marked, or only when asked.
    ToggleFillOnRelease,
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
    pub const ALL: [Self; 61] = [
        Self::Open,
        Self::OpenSample,
        Self::Paste,
        Self::SaveProject,
        Self::SaveProjectAs,
        Self::Export,
        Self::ExportAs,
        Self::CopyResult,
        Self::Settings,
        Self::Quit,
        Self::Undo,
        Self::Redo,
        Self::Fill,
        Self::ToggleFillOnRelease,
        Self::TryAgain,
        Self::NextCandidate,
        Self::PreviousCandidate,
        Self::Cancel,
        Self::Brush,
        Self::Eraser,
        Self::Lasso,
        Self::Polygon,
        Self::Rectangle,
        Self::Wand,
        Self::KeepOut,
        Self::Hand,
        Self::Larger,
        Self::Smaller,
        Self::Harder,
        Self::Softer,
        Self::OpenMask,
        Self::SaveMask,
        Self::OpenKeepOut,
        Self::SaveKeepOut,
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
            | Self::SaveProject
            | Self::SaveProjectAs
            | Self::CopyResult
            | Self::Settings
            | Self::Quit => Menu::File,
            Self::Undo
            | Self::Redo
            | Self::Fill
            | Self::ToggleFillOnRelease
            | Self::TryAgain
            | Self::NextCandidate
            | Self::PreviousCandidate
            | Self::Cancel => Menu::Edit,
            Self::Brush
            | Self::Eraser
            | Self::Lasso
            | Self::Polygon
            | Self::Rectangle
            | Self::Wand
            | Self::KeepOut
            | Self::Hand
            | Self::Larger
            | Self::Smaller
            | Self::Harder
            | Self::Softer => Menu::Tool,
            Self::OpenMask
            | Self::SaveMask
            | Self::OpenKeepOut
            | Self::SaveKeepOut
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
            Self::SaveProject
                | Self::Export
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
}
