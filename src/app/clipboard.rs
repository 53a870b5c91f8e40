//! The clipboard: pictures in and out as jobs, and text for the fields that are typed in.

use std::sync::Arc;

use arboard::{Clipboard, ImageData};
use eframe::egui::{Context, Event, Key, RawInput};

use super::{keys::is_text_selected, tasks::Tasks};
use crate::{
    imaging::{Channels, Pixels, Samples, color::DisplayTransform},
    jobs::{self, Job},
};

/// The picture on the clipboard, as 8 bit RGB, with alpha where it matters.
pub(super) fn picture() -> Result<Pixels, String> {
    let picture = open()?.get_image().map_err(|error| match error {
        arboard::Error::ContentNotAvailable => {
            "there is no picture on the clipboard; copy one first".to_owned()
        }
        error => error.to_string(),
    })?;
    let (width, height) = (picture.width as u32, picture.height as u32);
    let is_opaque = picture.bytes.chunks_exact(4).all(|pixel| pixel[3] == 255);
    let (channels, samples) = if is_opaque {
        let colors = picture
            .bytes
            .chunks_exact(4)
            .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]);
        (Channels::Rgb, colors.collect())
    } else {
        (Channels::Rgba, picture.bytes.into_owned())
    };
    Pixels::new(width, height, channels, Samples::U8(samples))
        .filter(|pixels| !pixels.bounds().is_empty())
        .ok_or_else(|| "the picture on the clipboard is damaged; copy it again".to_owned())
}

/// Puts a picture on the clipboard in the colours of the screen, 8 bit.
pub(super) fn put(pixels: &Pixels, icc: Option<&[u8]>) -> Result<(), String> {
    let bounds = pixels.bounds();
    let mut bytes = vec![0; bounds.area() as usize * 4];
    DisplayTransform::new(icc, pixels.channels()).to_rgba8(pixels, bounds, &mut bytes);
    let picture = ImageData {
        width: bounds.width as usize,
        height: bounds.height as usize,
        bytes: bytes.into(),
    };
    open()?.set_image(picture).map_err(|error| error.to_string())
}

fn open() -> Result<Clipboard, String> {
    Clipboard::new().map_err(|error| format!("the clipboard cannot be reached ({error})"))
}

/// Gives the field that is being typed in its copy, cut and paste, and text that is selected its copy, which the window
/// otherwise keeps for photos.
///
/// What is on the clipboard may be another program's to say, which may take its time: a job waits for it.
pub(super) fn translate_for_text(ctx: &Context, input: &mut RawInput, tasks: &mut Tasks) {
    let pasted = tasks.pasting.as_ref().and_then(Job::poll);
    if pasted.is_some() {
        tasks.pasting = None;
    }
    let is_typing = ctx.text_edit_focused();
    if !is_typing && !is_text_selected(ctx) {
        return;
    }
    if let (Some(Ok(Some(text))), true) = (pasted, is_typing) {
        input.events.push(Event::Paste(text));
    }
    for event in &mut input.events {
        let Event::Key {
            key,
            pressed: true,
            modifiers,
            ..
        } = event
        else {
            continue;
        };
        let is_command = modifiers.command_only();
        match key {
            Key::C if is_command => *event = Event::Copy,
            Key::X if is_command && is_typing => *event = Event::Cut,
            Key::V if is_command && is_typing => {
                let read = |_: &_| open().ok()?.get_text().ok();
                tasks.pasting = Some(jobs::spawn("Pasting", Arc::clone(&tasks.waker), read));
            }
            _ => {}
        }
    }
}
