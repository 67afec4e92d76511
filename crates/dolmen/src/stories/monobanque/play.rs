//! The table becomes requests: each gets its instant, its caller's address, its target and its id.

use std::net::Ipv4Addr;

use anyhow::Result;
use dolmen_model::Time;
use jiff::ToSpan;
use jiff::tz::TimeZone;

use super::ask::Ask;
use super::cast::{Actor, Scripts, Service};
use super::moves::Moves;
use super::plan::{End, FIRST_DAY, Part, Share, WINDOW_DAYS};
use super::rhythm::{Days, Rhythm, later};
use crate::stories::dice::Dice;

const SECOND: u64 = 1_000_000;
/// Eight requests, each with the longest pause and the slowest answer.
const LONGEST_VISIT: u64 = 8 * 31 * SECOND;

/// One request, as it happened.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) at: Time,
    /// How long the answer took, in microseconds.
    pub(super) took: u64,
    pub(super) actor: Actor,
    pub(super) address: Ipv4Addr,
    pub(super) user_agent: &'static str,
    pub(super) ask: Ask,
    pub(super) end: End,
    pub(super) service: Service,
    pub(super) target: String,
    pub(super) status: u16,
    /// 0 where the answer had no body.
    pub(super) bytes: u64,
    pub(super) request_id: String,
}

/// Plays parts of the plan.
#[derive(Debug)]
pub(super) struct Player<'a> {
    dice: Dice,
    moves: &'a Moves,
    scripts: Scripts,
    calls: Vec<Call>,
}

impl<'a> Player<'a> {
    /// A player whose chances follow from `seed` alone.
    pub(super) fn new(seed: u64, moves: &'a Moves, scripts: Scripts) -> Self {
        Self { dice: Dice::new(seed), moves, scripts, calls: Vec::new() }
    }

    /// Plays a share of one part over some days.
    pub(super) fn part(&mut self, part: &Part, share: Share, days: &Days) -> Result<()> {
        let mut deck = part.deck(share);
        self.dice.shuffle(&mut deck);
        match part.rhythm {
            Rhythm::People(hours) => {
                let slots = days.slots(hours)?;
                let latest = days.end()?.micros().saturating_sub_unsigned(LONGEST_VISIT);
                let mut rest = deck.as_slice();
                while !rest.is_empty() {
                    let length = self.dice.between(1, 9).min(rest.len() as u64) as usize;
                    let (visit, after) = rest.split_at(length);
                    let start = slots.draw(&mut self.dice).min(Time::from_micros(latest));
                    self.visit(part.actor, visit, start, (SECOND / 5, 20 * SECOND));
                    rest = after;
                }
            }
            Rhythm::Clockwork(schedule) => {
                let fires = days.fires(schedule)?;
                for (n, &fire) in fires.iter().enumerate() {
                    let dealt = |n: usize| n * deck.len() / fires.len();
                    let batch = &deck[dealt(n)..dealt(n + 1)];
                    let start = later(fire, self.dice.between(SECOND, 3 * SECOND));
                    self.visit(part.actor, batch, start, (SECOND / 4, 2 * SECOND));
                }
            }
        }
        Ok(())
    }

    /// One caller's requests, one after the other with a pause within `pause` between them.
    pub(super) fn visit(
        &mut self,
        actor: Actor,
        requests: &[(Ask, End)],
        start: Time,
        pause: (u64, u64),
    ) {
        let address = actor.address(&mut self.dice);
        let mut at = start;
        for &(ask, end) in requests {
            let call = self.call(actor, address, ask, end, at);
            at = later(at, call.took + self.dice.between(pause.0, pause.1));
            self.calls.push(call);
        }
    }

    fn call(&mut self, actor: Actor, address: Ipv4Addr, ask: Ask, end: End, at: Time) -> Call {
        let ask = self.moves.ask(actor, ask, at);
        let service = self.moves.home(actor, ask, at);
        let gone = service == Service::Monolith && self.moves.is_switched_off(at);
        let end = if gone { End::Gone } else { end };
        let dice = &mut self.dice;
        let status = status(ask, end, dice);
        let (fast, usual) = if end.is_entered() { ask.pace() } else { (400, 5_000) };
        // One answer in fifty takes much longer than usual.
        let slow = if dice.below(50) == 0 { dice.between(2, 12) } else { 1 };
        let took = dice.between(fast, usual) * slow;
        let target = ask.target(service, dice);
        let bytes = match (status, end) {
            (304, _) => 0,
            (_, End::Answered) => ask.bytes(&target, dice),
            _ => dice.between(180, 420),
        };
        Call {
            at,
            took,
            actor,
            address,
            user_agent: actor.user_agent(self.scripts),
            ask,
            end,
            service,
            target,
            status,
            bytes,
            request_id: request_id(actor, dice),
        }
    }

    /// What was played, in the order in which a server logs it: a line is written when its answer
    /// has been sent.
    pub(super) fn finish(mut self) -> Vec<Call> {
        self.calls.sort_by_key(|call| later(call.at, call.took));
        self.calls
    }
}

fn status(ask: Ask, end: End, dice: &mut Dice) -> u16 {
    match (end, ask) {
        (End::Answered, Ask::Login) => 302,
        (End::Answered, Ask::Lost) => 404,
        (End::Answered, Ask::Static) => dice.pick([200, 200, 304]),
        (End::Answered, _) => 200,
        (End::Failed, _) => 500,
        (End::Refused, _) => dice.pick([400, 401, 401, 403]),
        (End::Unavailable, _) => 503,
        (End::Gone, _) => 410,
    }
}

/// The id that the proxy made, or kept: the web service for large accounts sends its own.
fn request_id(actor: Actor, dice: &mut Dice) -> String {
    let (high, low) = (dice.any(), dice.any());
    match actor {
        Actor::LargeAccounts => {
            let (a, b, c) = (high >> 32, high >> 16 & 0xffff, high & 0x0fff);
            let (d, e) = (low >> 48 & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
            format!("{a:08x}-{b:04x}-4{c:03x}-{d:04x}-{e:012x}")
        }
        _ => format!("{high:016x}{low:016x}"),
    }
}

/// The days of a fortnight; the first, number 0, is the window.
pub(super) fn fortnight(zone: &TimeZone, number: u32) -> Result<Days> {
    let first = FIRST_DAY.checked_add((i64::from(number) * i64::from(WINDOW_DAYS)).days())?;
    Ok(Days::new(zone, first, WINDOW_DAYS))
}
