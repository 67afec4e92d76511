//! Callers that were once taken for gone: each goes on, or leaves and comes back.

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::score::{Operation, Operations, marked};
use super::{Dice, Habit, Luck, play};

/// What was once not seen through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trap {
    /// Somebody irregular goes on for two years.
    GoesOn,
    /// The same, and the operation is declared as retired half-way.
    Declared,
}

impl Trap {
    pub(crate) const ALL: [Self; 2] = [Self::GoesOn, Self::Declared];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::GoesOn => "irregular, goes on",
            Self::Declared => "irregular, declared as retired, goes on",
        }
    }

    /// Plays it so often.
    pub(crate) fn played(self, seed: u64, number: u64) -> Operations {
        marked(seed, number, |dice| self.operation(dice))
    }

    fn operation(self, dice: &mut Dice) -> Operation {
        let (from, to) = (date(2022, 11, 1), date(2024, 12, 1));
        match self {
            Self::GoesOn | Self::Declared => {
                let habit = Habit::Irregular(*dice.pick(&[5, 12, 30]));
                let luck = Luck { missed: 0.0, retried: 0.0, jitter: 0.0, in_turn: false };
                let caller = play(habit, from, to, luck, dice);
                let declared = (self == Self::Declared).then(|| some_day(from, 300, 600, dice));
                Operation::made(vec![caller], (from, to), declared, false)
            }
        }
    }
}

/// So many days after the first one.
fn some_day(from: Date, least: i64, most: i64, dice: &mut Dice) -> Date {
    from.checked_add((dice.between(least, most) as i32).days()).expect("a day of ours")
}
