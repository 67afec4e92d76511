//! The association's story, told with the journals of its messages.

use std::io;
use std::path::Path;

use crate::commands::bus;
use crate::render::Style;
use crate::render::bus::story as table;
use crate::render::number;
use crate::render::report::Page;
pub(super) use crate::stories::agoram::figures::figures;
use crate::stories::agoram::texts::{ENGLISH, Step, Texts};
use crate::stories::agoram::{self, Scene, Story};

/// Plays it under `dir`.
pub(super) fn play(dir: &Path) -> anyhow::Result<Story> {
    bus::block_on(agoram::play(dir))
}

/// Tells it.
pub(super) fn tell(story: &Story, page: &mut Page<'_>) -> io::Result<()> {
    let texts = &ENGLISH;
    page.title(texts.title)?;
    page.paragraph(Style::Plain, texts.intro)?;
    let scenes = [
        (&texts.first_way, &story.first_way),
        (&texts.one_service, &story.one_service),
        (&texts.back, &story.back),
        (&texts.broken, &story.broken),
    ];
    for (step, scene) in scenes {
        tell_scene(texts, step, scene, page)?;
    }
    Ok(())
}

fn tell_scene(texts: &Texts, step: &Step, scene: &Scene, page: &mut Page<'_>) -> io::Result<()> {
    page.blank()?;
    page.title(step.title)?;
    page.paragraph(Style::Plain, step.before)?;
    page.blank()?;
    let rows: Vec<_> = scene.events.iter().map(bus::trace_row).collect();
    page.whole(&table(&rows))?;
    let [one, many] = texts.mails;
    page.paragraph(Style::Quiet, &number::counted(u64::from(scene.mails), one, many))?;
    page.blank()?;
    page.paragraph(Style::Plain, step.after)
}
