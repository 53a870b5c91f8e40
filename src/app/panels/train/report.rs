//! Old and new weights side by side, once a run has ended.

use eframe::egui::{Grid, RichText, Ui};

use crate::{app::theme, train::Comparison};

pub(super) fn ui(report: &Comparison, ui: &mut Ui) {
    let (old, new) = report.mean_psnr();
    let is_dark = ui.visuals().dark_mode;
    let verdict = if new - old >= 0.005 {
        RichText::new(format!(
            "Better by {:.2} dB on {} held-out photos, over all hole sizes",
            new - old,
            report.photos
        ))
        .color(theme::good(is_dark))
    } else if old - new >= 0.005 {
        RichText::new(format!(
            "Worse by {:.2} dB on {} held-out photos, over all hole sizes",
            old - new,
            report.photos
        ))
        .color(ui.visuals().warn_fg_color)
    } else {
        RichText::new(format!(
            "As good as before on {} held-out photos, over all hole sizes",
            report.photos
        ))
    };
    ui.label(verdict);
    perceptual_ui(report, ui);
    Grid::new("old and new weights")
        .num_columns(4)
        .spacing([14.0, 3.0])
        .show(ui, |ui| {
            for title in ["Holes", "Before", "After", "dB"] {
                ui.label(RichText::new(title).weak().small());
            }
            ui.end_row();
            for row in &report.buckets {
                let (from, to) = (row.above * 100.0, row.up_to * 100.0);
                ui.label(RichText::new(format!("{from:.0}–{to:.0} %")).small());
                ui.label(RichText::new(format!("{:.2}", row.old.psnr)).small());
                ui.label(RichText::new(format!("{:.2}", row.new.psnr)).small());
                let gain = row.new.psnr - row.old.psnr;
                let color = if gain >= 0.0 {
                    theme::good(is_dark)
                } else {
                    ui.visuals().warn_fg_color
                };
                ui.label(RichText::new(format!("{gain:+.2}")).small().color(color));
                ui.end_row();
            }
        })
        .response
        .on_hover_text("Peak signal-to-noise ratio of photos the network never trained on, by the share of the picture that is hole; more is better");
}

/// How the fills look to the feature network: losses teach that more than decibels, and the two may disagree.
fn perceptual_ui(report: &Comparison, ui: &mut Ui) {
    let (old, new) = report.mean_perceptual();
    let change = 100.0 * (new / old - 1.0);
    if !change.is_finite() {
        return;
    }
    let is_dark = ui.visuals().dark_mode;
    let text = if change.abs() < 0.5 {
        RichText::new("Looks as natural as before")
    } else if change < 0.0 {
        RichText::new(format!("Looks more natural: {:.0} % nearer", -change)).color(theme::good(is_dark))
    } else {
        RichText::new(format!("Looks less natural: {change:.0} % farther off"))
            .color(ui.visuals().warn_fg_color)
    };
    ui.label(text).on_hover_text(
        "Perceptual distance to the originals on the feature network that judges the training; less is better",
    );
}
