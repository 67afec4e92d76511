//! The story's figures, and what the journal says of them.

use dolmen_bus::{Event, What};

use super::{GOOGLE_APPS, Scene, Story};
use crate::render::number;
use crate::stories::monobanque::figures::Figure;

/// All figures of the story.
pub(crate) fn figures(story: &Story) -> Vec<Figure> {
    let Story { first_way, one_service, back, broken } = story;
    let mut figures = Vec::new();
    for (way, scene, mails) in [("exchange", first_way, 10), ("service", one_service, 1)] {
        let name = |what: &str| format!("return = \"{way}\": {what}");
        let last = scene.events.iter().find(|event| event.what == What::Hardfail);
        figures.extend([
            Figure::new(name("deliveries to googleapps"), 10, scene.asked),
            Figure::new(name("waits"), 9, count(scene, What::Softfail)),
            Figure::new(name("from the first failure to the last"), "4 h 30 min", lasted(scene)),
            Figure::new(name("hardfails"), 1, count(scene, What::Hardfail)),
            Figure::new(name("errors in its record"), 10, last.map_or(0, |e| e.errors.len())),
            Figure::new(name("welcome mails"), mails, scene.mails),
        ]);
    }
    let done = back.events.iter().find(|event| is_google(event) && event.what == What::Done);
    figures.extend([
        Figure::new("back at attempt", 4, done.map_or(0, |event| event.attempt)),
        Figure::new("errors kept in the journal", 3, count(back, What::Softfail)),
        Figure::new("hardfails when it is back", 0, count(back, What::Hardfail)),
        Figure::new("welcome mails when it is back", 1, back.mails),
        Figure::new("requests for a message that breaks the format", 0, broken.asked),
        Figure::new("hardfails for it, at once", 1, count(broken, What::Hardfail)),
    ]);
    figures
}

fn is_google(event: &Event) -> bool {
    event.service.as_deref() == Some(GOOGLE_APPS)
}

fn count(scene: &Scene, what: What) -> usize {
    scene.events.iter().filter(|event| is_google(event) && event.what == what).count()
}

/// The time from GoogleApps' first failure to its last.
fn lasted(scene: &Scene) -> String {
    let failed =
        |event: &&Event| is_google(event) && matches!(event.what, What::Softfail | What::Hardfail);
    let mut failures = scene.events.iter().filter(failed);
    match (failures.next(), failures.next_back()) {
        (Some(first), Some(last)) => number::span(first.at, last.at),
        _ => "none".to_owned(),
    }
}
