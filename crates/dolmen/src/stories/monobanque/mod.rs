//! Monobanque: a bank leaves its monolith.
//!
//! Five operations, three known actors, four styles of interface, two scripts that nobody knows
//! and one that shows up once a month. [`write()`] leaves the logs of three stretches of time:
//!
//! - `observe/`, fourteen days: the monolith's own access log, the log of the proxy that now
//!   stands in front of it, and the monolith's application log;
//! - `named/`, the same fourteen days as they would have been had the scripts sent a user agent;
//! - `months/`, the three years after, one call in ten: operation after operation leaves, the
//!   monthly script is found, and in the end the proxy answers for a monolith that is no more.
//!
//! `plan` says how many, `rhythm` when, `ask` what, `moves` to whom; `play` puts them together and
//! `logs` writes the lines.

mod ask;
mod cast;
mod clock;
mod configuration;
pub(crate) mod figures;
mod logs;
mod moves;
mod plan;
mod play;
mod rhythm;
mod tally;
#[cfg(test)]
mod tests;
pub(crate) mod texts;

/// Operations that others ask for by name.
pub(crate) mod operations {
    use super::cast::Operation;

    /// The first to leave.
    pub(crate) const EXTERNAL_TRANSFER: &str = Operation::ExternalTransfer.name();
}

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use dolmen_model::Time;
use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{ToSpan, civil::DateTime};

use ask::Ask;
use cast::{Actor, Scripts};
use clock::Clock;
use logs::{Chapter, OwnLog, Writer};
use moves::Moves;
use plan::{End, FORTNIGHT, INCIDENT, Share};
use play::{Player, fortnight};

/// Another seed is another bank with the same figures.
pub(crate) const SEED: u64 = 0xd01_3e4;

/// Three years and ten days, counted in fortnights from the first day.
const FORTNIGHTS: u32 = 79;
/// Long after the end, somebody finds an old branch computer in a cupboard.
const OLD_COMPUTER: DateTime = date(2026, 2, 17).at(10, 42, 0, 0);

/// What [`write()`] wrote.
#[derive(Debug)]
pub(crate) struct Story {
    /// Fourteen days in which the scripts say nothing of themselves.
    pub(crate) observe: Chapter,
    /// The same days, with scripts that say who they are.
    pub(crate) named: Chapter,
    /// The three years after.
    pub(crate) months: Chapter,
    /// The configurations, in the order in which the story needs them.
    pub(crate) configurations: Configurations,
}

/// The `dolmen.toml` of each step.
#[derive(Debug)]
pub(crate) struct Configurations {
    /// The monolith's own access log, and one rule: `?op=`.
    pub(crate) first: PathBuf,
    /// The proxy's log joined with the application's.
    pub(crate) joined: PathBuf,
    /// And the three actors that everybody knows.
    pub(crate) three_actors: PathBuf,
    /// And the two scripts, on the days in which they say who they are.
    pub(crate) five_actors: PathBuf,
    /// The years after: six services, and what is retired from when.
    pub(crate) months: PathBuf,
}

/// Writes the whole story under `dir`. The same seed gives the same bytes.
pub(crate) fn write(dir: &Path, seed: u64) -> Result<Story> {
    let zone = rhythm::bank_zone()?;
    let moves = Moves::new(&zone)?;
    let observe = Writer::create(dir.join("observe"), &zone, OwnLog::Kept)?;
    let observe = window(observe, seed, &zone, &moves, Scripts::Anonymous)?;
    let named = Writer::create(dir.join("named"), &zone, OwnLog::Left)?;
    let named = window(named, seed, &zone, &moves, Scripts::Named)?;
    let months = Writer::create(dir.join("months"), &zone, OwnLog::Left)?;
    let months = play_months(months, seed, &zone, &moves)?;
    let configurations = configuration::write(dir, &observe, &named, &months)?;
    Ok(Story { observe, named, months, configurations })
}

fn window(
    mut writer: Writer,
    seed: u64,
    zone: &TimeZone,
    moves: &Moves,
    scripts: Scripts,
) -> Result<Chapter> {
    let days = fortnight(zone, 0)?;
    let mut player = Player::new(seed, moves, scripts);
    for part in FORTNIGHT.iter().chain([&INCIDENT]) {
        player.part(part, Share::Whole, &days)?;
    }
    writer.write(&player.finish())?;
    writer.finish()
}

fn play_months(mut writer: Writer, seed: u64, zone: &TimeZone, moves: &Moves) -> Result<Chapter> {
    for number in 1..FORTNIGHTS {
        let days = fortnight(zone, number)?;
        let mut player = Player::new(seed ^ u64::from(number) << 32, moves, Scripts::Named);
        for part in FORTNIGHT {
            player.part(part, Share::Tenth { fortnight: number % 10 }, &days)?;
        }
        for (actor, ask, at) in rare(zone)? {
            if days.hold(at)? {
                player.visit(actor, &[(ask, End::Answered)], at, (0, 1));
            }
        }
        writer.write(&player.finish())?;
    }
    writer.finish()
}

/// What [`late_call`] asks for.
pub(crate) const LATE_OPERATION: &str = cast::Operation::CardBlock.name();

/// The line of the proxy's log of one call more: the old computer is switched on again.
pub(crate) fn late_call(at: Time) -> Result<String> {
    let zone = rhythm::bank_zone()?;
    let moves = Moves::new(&zone)?;
    let mut player = Player::new(SEED ^ at.micros().unsigned_abs(), &moves, Scripts::Named);
    player.visit(Actor::OldComputer, &[(Ask::BlockByPath, End::Answered)], at, (0, 1));
    let calls = player.finish();
    let call = calls.first().context("the old computer did not call")?;
    logs::proxy_line(call, &mut Clock::new(&zone))
}

/// What is too rare to be counted by the fortnight: the monthly script, and one old computer.
fn rare(zone: &TimeZone) -> Result<Vec<(Actor, Ask, Time)>> {
    let instant = |at: DateTime| -> Result<Time> {
        let at = at.to_zoned(zone.clone())?.timestamp();
        Ok(Time::from_micros(at.as_microsecond()))
    };
    let mut rare = vec![(Actor::OldComputer, Ask::BlockByPath, instant(OLD_COMPUTER)?)];
    for month in date(2023, 4, 1).series(1.month()).take(36) {
        let at = instant(month.at(6, 15, 0, 0))?;
        rare.push((Actor::MonthlyCount, Ask::CountByQuery, at));
    }
    Ok(rare)
}
