//! Whether a template gives a line back: asked of every line.

use super::instant::{CLOCK, Lately};
use super::rest::Rest;
use super::short::Literal;
use super::{Filling, Hole, Instant, Part, Template, Unit, Values, padded_number, plain_number};

/// A template as lines are held against it.
#[derive(Debug)]
pub(super) struct Fit {
    /// What stands before the first hole.
    start: Literal,
    /// Each hole, and the text behind it.
    steps: Vec<(Hole, Literal)>,
}

impl Fit {
    pub(super) fn new(template: &Template) -> Self {
        let mut fit = Self { start: Literal::default(), steps: Vec::new() };
        for part in &template.parts {
            match part {
                Part::Hole(hole) => fit.steps.push((*hole, Literal::default())),
                Part::Text(literal) => {
                    let before = fit.steps.last_mut().map_or(&mut fit.start, |(_, text)| text);
                    // Texts that follow each other are one; as a rule there are none.
                    *before = Literal::new(format!("{}{}", before.text(), literal.text()));
                }
            }
        }
        fit
    }

    /// Whether the values give back exactly this line; the numbers it needs beyond them are
    /// appended to `numbers`. After `false`, `numbers` may hold some of them.
    pub(super) fn fits(
        &self,
        line: &[u8],
        values: &Values<'_>,
        numbers: &mut Vec<i64>,
        lately: &mut Lately,
    ) -> bool {
        let Some(mut rest) = self.start.skip(Rest::of(line)) else { return false };
        for (hole, literal) in &self.steps {
            let after = hole.skip(rest, values, numbers, lately);
            match after.and_then(|after| literal.skip(after)) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        rest.len() == 0
    }
}

impl Hole {
    /// What is left behind what this hole is filled with; `None`: something else stands there.
    #[inline]
    fn skip<'l>(
        self,
        rest: Rest<'l>,
        values: &Values<'_>,
        numbers: &mut Vec<i64>,
        lately: &mut Lately,
    ) -> Option<Rest<'l>> {
        let text = |text: &[u8]| match !text.is_empty() && rest.begins(text) {
            true => rest.after(text.len()),
            false => None,
        };
        let same = |number: u64| {
            let (found, len) = rest.short_number()?;
            if found == number { rest.after(len) } else { None }
        };
        let seen = match self {
            Self::Text(field) => return text(values.text(field)),
            Self::Id => return text(values.id),
            // Statuses have three digits, other numbers at least one.
            Self::Status if values.status? >= 100 => same(u64::from(values.status?)),
            Self::Bytes => same(values.bytes?),
            Self::Duration(Unit::Micros) => same(values.duration?),
            Self::Date(form, offset) => match lately.is_date(values.time?, form, offset, rest) {
                true => rest.after(form.len()),
                false => None,
            },
            Self::Clock(offset) => match lately.is_clock(values.time?, offset, rest) {
                true => rest.after(CLOCK),
                false => None,
            },
            Self::Fraction(places) => match lately.is_fraction(values.time?, places, rest) {
                true => rest.after(usize::from(places)),
                false => None,
            },
            Self::Number => {
                let short = rest.short_number().map(|(number, len)| (number.cast_signed(), len));
                let (number, len) = short.or_else(|| plain_number(rest.bytes()))?;
                numbers.push(number);
                return rest.after(len);
            }
            Self::Padded(width) => {
                numbers.push(padded_number(rest.bytes(), width)?);
                return rest.after(usize::from(width));
            }
            _ => None,
        };
        seen.or_else(|| rest.after(self.filled_len_at(rest.bytes(), values)?))
    }

    /// The same by filling it: how long that is.
    #[inline(never)]
    fn filled_len_at(self, rest: &[u8], values: &Values<'_>) -> Option<usize> {
        match self.filling(values, &Instant::new(values.time)) {
            Filling::Text(text) => rest.starts_with(text).then_some(text.len()),
            Filling::Digits(digits) => {
                rest.starts_with(digits.as_bytes()).then_some(digits.as_bytes().len())
            }
            Filling::Missing => None,
        }
    }
}
