//! The loss curves and the measurements on held-out photos.
//!
//! A view that was moved or zoomed stays where it is while data arrives; a double click or "Fit" brings everything
//! back. Only what the screen can show is drawn, however long the run.

use eframe::egui::{Button, Checkbox, Color32, Id, Response, RichText, Role, Slider, Ui, WidgetInfo};
use egui_plot::{
    HLine, HoverPosition, Line, LineStyle, Plot, PlotPoints, PlotUi, Points, uniform_grid_spacer,
};

use super::words;
use crate::app::{
    App,
    command::Command,
    icons,
    panels::widgets::note,
    theme,
    train::{
        Request, View,
        curves::{Term, smoothed, thinned},
        run::Run,
    },
};

/// Height of the line above a plot.
const TITLE_HEIGHT: f32 = 20.0;
/// Where a value of zero is drawn on a logarithmic scale.
const LEAST: f64 = 1e-6;

pub(super) fn ui(app: &App, run: &Run, ui: &mut Ui, commands: &mut Vec<Command>) {
    let view = app.training.view;
    let mut next = view;
    toolbar_ui(&mut next, ui);
    let height = (ui.clip_rect().height() * 0.36 - TITLE_HEIGHT).clamp(150.0, 340.0);
    if ui.available_width() >= 560.0 {
        let spacing = ui.spacing().item_spacing.x;
        let width = ui.available_width() * 0.62;
        ui.horizontal_top(|ui| {
            ui.vertical(|ui| {
                ui.set_width(width - spacing);
                loss_ui(run, &view, height, ui);
            });
            ui.vertical(|ui| held_out_ui(run, &view, height, ui));
        });
    } else {
        loss_ui(run, &view, height, ui);
        ui.add_space(theme::HEADING_GAP);
        held_out_ui(run, &view, height * 0.6, ui);
    }
    if next != view {
        commands.push(Request::SetView(next).into());
    }
}

/// Which terms, how smooth, which scale.
fn toolbar_ui(view: &mut View, ui: &mut Ui) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (index, term) in Term::ALL.into_iter().enumerate() {
            let color = theme::curve(index, ui.visuals().dark_mode);
            let is_shown = view.shown[index];
            let icon = if is_shown { icons::CHECK } else { icons::CIRCLE };
            let text = RichText::new(format!("{icon} {}", term.label()));
            let text = if is_shown { text.color(color) } else { text.weak() };
            let button = Button::new(text).small().frame_when_inactive(false);
            let response = ui.add(button).on_hover_text(term.tooltip());
            response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, is_shown, term.label()));
            if response.clicked() {
                view.shown[index] = !is_shown;
            }
        }
    });
    ui.horizontal(|ui| {
        let label = ui.weak("Smoothing");
        ui.spacing_mut().slider_width = 90.0;
        let slider = Slider::new(&mut view.smoothing, 0.0..=0.99).show_value(false);
        ui.add(slider)
            .labelled_by(label.id)
            .on_hover_text("How much the curves are smoothed; the values themselves stay faintly visible");
        let was = view.is_logarithmic;
        ui.add(Checkbox::new(&mut view.is_logarithmic, "Log scale"))
            .on_hover_text("Equal ratios are equally high");
        let fit = ui.add(Button::new("Fit").small()).on_hover_text(
            "See everything again; drag moves, Ctrl+wheel zooms, the right button draws a frame",
        );
        if fit.clicked() || was != view.is_logarithmic {
            view.refits += 1;
        }
    });
}

fn loss_ui(run: &Run, view: &View, height: f32, ui: &mut Ui) {
    ui.weak("Loss by step");
    let is_log = view.is_logarithmic;
    let id = ui.make_persistent_id("loss plot");
    let is_refit = take_refit(ui, id, view.refits);
    let is_dark = ui.visuals().dark_mode;
    let shown = Term::ALL
        .into_iter()
        .enumerate()
        .filter(|(index, _)| view.shown[*index]);
    let shown: Vec<(Term, Color32)> = shown
        .map(|(index, term)| (term, theme::curve(index, is_dark)))
        .collect();
    let plot = plot("loss", height)
        .show_grid(!run.curves.is_empty())
        .y_axis_formatter(move |mark, _| words::short(unscaled(mark.value, is_log)))
        .label_formatter(move |at| hover_text(at, is_log));
    let columns = ui.available_width().max(100.0) as usize;
    let response = plot.show(ui, |plot| {
        if is_refit {
            plot.set_auto_bounds(true);
        }
        for (term, color) in shown {
            line_ui(plot, run.curves.points(term), term.label(), color, view, columns);
        }
    });
    name(&response.response, "Loss curves");
    if run.curves.is_empty() {
        empty_ui(ui, &response.response, "Curves appear with the first steps");
    }
}

/// One term: the values faintly, the smoothed curve over them.
fn line_ui(
    plot: &mut PlotUi<'_>,
    points: &[[f64; 2]],
    name: &str,
    color: Color32,
    view: &View,
    columns: usize,
) {
    let scaled = |points: Vec<[f64; 2]>| -> PlotPoints<'static> {
        let scaled = points
            .into_iter()
            .map(|[step, value]| [step, scale(value, view.is_logarithmic)]);
        scaled.collect()
    };
    let smooth = smoothed(points, f64::from(view.smoothing));
    let (points, smooth) = (visible(plot, points), visible(plot, &smooth));
    if view.smoothing > 0.0 {
        let faint = Line::new("", scaled(thinned(points, columns)));
        plot.line(
            faint
                .color(color.gamma_multiply(0.28))
                .width(1.0)
                .allow_hover(false),
        );
    }
    plot.line(
        Line::new(name, scaled(thinned(smooth, columns)))
            .color(color)
            .width(1.8),
    );
    if let [[step, value]] = points {
        let dot = Points::new(name, vec![[*step, scale(*value, view.is_logarithmic)]]);
        plot.points(dot.color(color).radius(3.0));
    }
}

/// The points that can be seen, and one more on each side. All of them where the view follows the data.
fn visible<'a>(plot: &PlotUi<'_>, points: &'a [[f64; 2]]) -> &'a [[f64; 2]] {
    if plot.auto_bounds().x {
        return points;
    }
    let bounds = plot.plot_bounds();
    let first = points.partition_point(|point| point[0] < bounds.min()[0]);
    let last = points.partition_point(|point| point[0] <= bounds.max()[0]);
    &points[first.saturating_sub(1)..(last + 1).min(points.len())]
}

fn held_out_ui(run: &Run, view: &View, height: f32, ui: &mut Ui) {
    ui.weak("Quality on held-out photos (PSNR) by step");
    let id = ui.make_persistent_id("held-out plot");
    let is_refit = take_refit(ui, id, view.refits);
    let is_dark = ui.visuals().dark_mode;
    let color = theme::curve(2, is_dark);
    let weak = ui.visuals().weak_text_color();
    let points: Vec<[f64; 2]> = run
        .measured
        .iter()
        .map(|measured| [measured.step as f64, measured.psnr])
        .collect();
    let plot = plot("held-out", height)
        .show_grid(!run.measured.is_empty())
        .y_grid_spacer(uniform_grid_spacer(|input| {
            let step = axis_step(input.bounds.1 - input.bounds.0);
            [step, 10.0 * step, 100.0 * step]
        }))
        .y_axis_formatter(|mark, _| axis_mark(mark.value, mark.step_size))
        .label_formatter(|at| match at {
            HoverPosition::NearDataPoint { position, .. } => {
                Some(format!("Step {:.0}: {:.2} dB", position.x, position.y))
            }
            HoverPosition::Elsewhere { .. } => None,
        });
    let response = plot.show(ui, |plot| {
        if is_refit {
            plot.set_auto_bounds(true);
        }
        if let Some(old) = run.old_psnr {
            let line = HLine::new("Before", old)
                .color(weak)
                .style(LineStyle::dashed_loose());
            plot.hline(line.width(1.0).allow_hover(false));
        }
        plot.line(Line::new("Held-out", points.clone()).color(color).width(1.8));
        plot.points(Points::new("Held-out", points).color(color).radius(2.5));
    });
    name(&response.response, "Held-out quality");
    if run.measured.is_empty() {
        empty_ui(
            ui,
            &response.response,
            "Held-out photos are measured from time to time",
        );
    }
}

fn plot(name: &str, height: f32) -> Plot<'static> {
    Plot::new(name.to_owned())
        .height(height)
        .allow_scroll(false)
        .show_background(false)
        .y_axis_min_width(46.0)
        .set_margin_fraction([0.02, 0.08].into())
        .x_axis_formatter(|mark, _| {
            if mark.value < 0.0 || mark.step_size < 1.0 {
                String::new()
            } else {
                format!("{:.0}", mark.value)
            }
        })
}

/// Whether everything is to be seen again, once per wish.
fn take_refit(ui: &Ui, id: Id, refits: u32) -> bool {
    ui.data_mut(|data| std::mem::replace(data.get_temp_mut_or(id, refits), refits)) != refits
}

fn name(response: &Response, name: &str) {
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, name));
}

fn empty_ui(ui: &mut Ui, plot: &Response, text: &str) {
    let room = plot.rect.shrink(12.0);
    ui.scope_builder(eframe::egui::UiBuilder::new().max_rect(room), |ui| {
        ui.centered_and_justified(|ui| note(ui, text));
    });
}

fn hover_text(at: &HoverPosition<'_>, is_log: bool) -> Option<String> {
    match at {
        HoverPosition::NearDataPoint {
            plot_name, position, ..
        } if !plot_name.is_empty() => {
            let value = words::short(unscaled(position.y, is_log));
            Some(format!("{plot_name} {value}\nStep {:.0}", position.x))
        }
        _ => None,
    }
}

fn scale(value: f64, is_log: bool) -> f64 {
    if is_log { value.max(LEAST).log10() } else { value }
}

fn unscaled(value: f64, is_log: bool) -> f64 {
    if is_log { 10f64.powf(value) } else { value }
}

/// A round distance between marks, of which a range gets two to seven, each with room for its text.
fn axis_step(range: f64) -> f64 {
    let wanted = range.max(1e-6) / 6.0;
    let power = 10f64.powf(wanted.log10().floor());
    let rounded = [1.0, 2.0, 5.0].into_iter().find(|step| step * power >= wanted);
    rounded.unwrap_or(10.0) * power
}

/// A mark of the axis, with as many digits as its neighbours `step` away need to look different.
fn axis_mark(value: f64, step: f64) -> String {
    let digits = (-step.log10()).ceil().clamp(1.0, 4.0) as usize;
    format!("{value:.digits$} dB")
}

#[cfg(test)]
mod tests {
    use super::{axis_mark, axis_step};

    #[test]
    fn an_axis_has_some_marks_and_not_too_many() {
        for range in [0.03, 0.5, 1.1, 2.4, 7.0, 30.0] {
            let marks = range / axis_step(range);
            assert!((2.3..=6.1).contains(&marks), "{marks} for {range}");
        }
        assert!((axis_step(1.2) - 0.2).abs() < 1e-9, "{}", axis_step(1.2));
    }

    #[test]
    fn marks_of_the_axis_differ() {
        assert_eq!(axis_mark(24.0, 0.5), "24.0 dB");
        assert_eq!(axis_mark(23.93, 0.01), "23.93 dB");
        assert_eq!(axis_mark(23.925, 0.005), "23.925 dB");
        assert_eq!(axis_mark(20.0, 10.0), "20.0 dB");
    }
}
