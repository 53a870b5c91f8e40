//! The one place where commands are executed, split by subject.

mod again;
mod aside;
mod dialogs;
mod fill;
mod mask;
mod mask_files;
mod own_weights;
mod photo;
mod project;
mod removals;
mod train;
mod train_events;
mod view;
mod wand;
mod write;

use eframe::egui::{Context, ViewportCommand};

use super::{
    App,
    action::Action,
    command::Command,
    purpose::Purpose,
    state::{Dialog, Palette, Source},
    train::Tab,
};
use crate::document::Target;

impl App {
    /// Executes a command, or keeps it until the document is changed if it has to come after that.
    pub(super) fn run_command(&mut self, ctx: &Context, command: Command) {
        let takes_a_corner_back = matches!(command, Command::Act(Action::Undo)) && self.canvas.is_outlining();
        if self.tasks.aside.is_some() && command.is_about_the_document() && !takes_a_corner_back {
            // What is asked for shows where it will be seen, now and not when its turn comes.
            if matches!(&command, Command::Act(action) if action.is_about_the_photo()) {
                self.training.tab = Tab::Edit;
            }
            self.tasks.waiting.push_back(command);
            return;
        }
        match command {
            Command::Act(action) => self.run_action(ctx, action),
            Command::Canvas(tool, event) => self.paint(&tool, event),
            Command::SetDialog(dialog) => self.state.dialog = dialog,
            Command::SetRenaming(renaming) => self.state.renaming = renaming,
            Command::SetPanelWidth(width) => self.settings.now.panel_width = width,
            Command::OpenPath(path) => {
                self.training.tab = Tab::Edit;
                self.open_when_saved(Source::Path(path));
            }
            Command::Fill => self.fill(),
            Command::OpenMaskPath(target, path) => self.open_mask(target, path),
            Command::SaveMaskPath(target, path, overwrite) => self.save_mask(target, &path, overwrite),
            Command::SaveProjectPath(path, overwrite) => {
                self.write_project(&path, overwrite);
            }
            Command::Answer(answer) => self.answer(ctx, answer),
            Command::Write(plan) => self.write(plan),
            Command::TakeExportBack => self.tasks.take_export_back(),
            Command::ChoosePath(purpose, path) => {
                self.state.dialog = Dialog::None;
                self.take_path(purpose, path, false);
            }
            Command::BrowseExport => self.browse_export(),
            Command::BrowseWeights => self.browse_to_open(Purpose::Weights),
            Command::SetBrush(brush) => self.settings.now.brush = brush,
            Command::SetWand(wand) => self.settings.now.wand = wand,
            Command::SetOverlay(overlay) => {
                self.settings.now.overlay = overlay;
                self.show_overlay_settings();
            }
            Command::SetFill(options) => self.settings.now.fill = options,
            Command::SetDevice(choice) => self.set_device(choice),
            Command::SetWeights(path) => self.set_weights(path),
            Command::SetVisible(id, visible) => self.set_visible(ctx, id, visible),
            Command::Rename(id, name) => self.rename(id, &name),
            Command::Delete(id) => self.delete(ctx, id),
            Command::SelectMask(id) => self.select_mask(id),
            Command::TryAgain(id) => self.try_again(id),
            Command::RunAgain(id) => self.run_again(id),
            Command::Choose(number) => self.choose(ctx, number),
            Command::LookAt(rect) => self.canvas.look_at(rect),
            Command::JumpTo(position) => self.jump_to(ctx, position),
            Command::Offer { accept } => self.settle_offer(ctx, accept),
            Command::Dismiss(id) => self.notices.dismiss(id),
            Command::CloseDialog => self.close_dialog(),
            Command::Train(request) => self.run_request(ctx, request),
        }
    }

    fn run_action(&mut self, ctx: &Context, action: Action) {
        if !self.can(action) && !action.says_why_not() {
            return;
        }
        if action.is_about_the_photo() {
            self.training.tab = Tab::Edit;
        }
        match action {
            Action::Open
            | Action::OpenSample
            | Action::Paste
            | Action::SaveProject
            | Action::SaveProjectAs
            | Action::Export
            | Action::ExportAs
            | Action::CopyResult
            | Action::OpenMask
            | Action::OpenKeepOut
            | Action::SaveMask
            | Action::SaveKeepOut => self.run_file_action(action),
            Action::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
            Action::Undo if self.canvas.is_outlining() => self.canvas.take_corner_back(),
            Action::Undo => self.step(ctx, -1),
            Action::Redo => self.step(ctx, 1),
            Action::Fill if self.canvas.is_outlining() => self.close_outline(),
            Action::Fill => self.fill(),
            Action::ToggleFillOnRelease => {
                let settings = &mut self.settings.now;
                settings.fill_on_release = !settings.fill_on_release;
            }
            Action::TryAgain => self.try_latest_again(),
            Action::NextCandidate => self.choose_beside(ctx, 1),
            Action::PreviousCandidate => self.choose_beside(ctx, -1),
            Action::ToggleUncertainty => self.state.shows_uncertainty = !self.state.shows_uncertainty,
            Action::ClearKeepOut => self.clear_keep_out(),
            Action::Cancel if self.is_outlining() => self.canvas.drop_outline(),
            Action::Cancel => self.cancel(),
            Action::Palette => self.state.dialog = Dialog::Palette(Palette::default()),
            Action::Shortcuts => self.state.dialog = Dialog::Shortcuts,
            Action::Settings => self.state.dialog = Dialog::Settings,
            Action::Brush
            | Action::Eraser
            | Action::KeepOut
            | Action::Lasso
            | Action::Polygon
            | Action::Rectangle
            | Action::Wand
            | Action::Hand
            | Action::Larger
            | Action::Smaller
            | Action::Harder
            | Action::Softer => self.run_tool_action(action),
            Action::InvertMask | Action::ClearMask | Action::GrowMask | Action::ShrinkMask => {
                self.run_mask_action(action);
            }
            Action::ToggleOverlay
            | Action::Before
            | Action::Split
            | Action::SideBySide
            | Action::ZoomIn
            | Action::ZoomOut
            | Action::Fit
            | Action::ActualSize
            | Action::ToggleTheme => self.run_view_action(ctx, action),
            Action::EditTab
            | Action::TrainTab
            | Action::TrainPhotos
            | Action::StartTraining
            | Action::PauseTraining
            | Action::StopTraining
            | Action::SaveTraining
            | Action::SampleTraining
            | Action::UseTrained
            | Action::PreviousWeights => self.run_training_action(action),
        }
    }

    /// What brings photos and masks in and out.
    fn run_file_action(&mut self, action: Action) {
        match action {
            Action::Open => self.browse_to_open(Purpose::Photo),
            Action::OpenSample => self.open_when_saved(Source::Sample),
            Action::Paste => self.open_when_saved(Source::Clipboard),
            Action::SaveProject => {
                self.save_project();
            }
            Action::SaveProjectAs => {
                self.browse_project();
            }
            Action::Export => self.export(),
            Action::ExportAs => self.export_as(),
            Action::CopyResult => self.copy_result(),
            Action::OpenMask => self.browse_mask(Target::Remove),
            Action::OpenKeepOut => self.browse_mask(Target::KeepOut),
            Action::SaveMask => {
                self.browse_mask_to_save(Target::Remove);
            }
            Action::SaveKeepOut => {
                self.browse_mask_to_save(Target::KeepOut);
            }
            _ => {}
        }
    }

    fn close_dialog(&mut self) {
        let closed = std::mem::take(&mut self.state.dialog);
        if matches!(closed, Dialog::Export(_)) {
            self.tasks.take_export_back();
        }
        let carries_intent = match &closed {
            Dialog::Unsaved(_) | Dialog::CloseTraining => true,
            // What is written by now goes on.
            Dialog::Export(_) => self.tasks.writing.is_none(),
            Dialog::Path(form) => form.purpose.is_to_save() && !self.tasks.saves(),
            _ => false,
        };
        if closed == Dialog::CloseTraining {
            self.training.closes_after = false;
        }
        if carries_intent {
            self.forget_intent();
        }
    }

    /// Does not go on with what unsaved work stood in the way of.
    fn forget_intent(&mut self) {
        self.state.may_close = false;
        self.state.after_export = None;
        self.state.arrived = None;
    }
}
