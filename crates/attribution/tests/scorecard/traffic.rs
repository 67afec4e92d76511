//! Calls of an API: skewed popularity, scanners, and identifiers of all sorts.

use crate::apis::{Api, Values};

/// A call, and the route it was meant for; none for what is not there.
pub(crate) struct Asked {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) status: u16,
    /// The operation that its mark says; 0 without one.
    pub(crate) operation: u32,
    pub(crate) route: Option<usize>,
}

/// Knuth's MMIX generator: the same on every machine.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d);
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 31
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn unit(&mut self) -> f64 {
        self.next() as f64 / (1u64 << 33) as f64
    }

    /// A rank below `bound`, the first the most frequent: 1/rank^skew.
    fn rank(&mut self, bound: usize, skew: f64) -> usize {
        let weight = |rank: usize| ((rank + 1) as f64).powf(-skew);
        let total: f64 = (0..bound).map(weight).sum();
        let mut left = self.unit() * total;
        for rank in 0..bound {
            left -= weight(rank);
            if left <= 0.0 {
                return rank;
            }
        }
        bound - 1
    }
}

/// A day's calls.
pub(crate) fn play(api: &Api, seed: u64) -> Vec<Asked> {
    let mut dice = Dice::new(seed);
    // Cumulated once: every call asks.
    let tables: Vec<Vec<f64>> = api.pools.iter().map(cumulated).collect();
    let total: u64 = api.routes.iter().map(|route| route.weight).sum();
    let mut calls = Vec::new();
    for _ in 0..api.calls {
        if dice.below(100) < api.scans {
            calls.push(scan(&mut dice));
            continue;
        }
        let mut left = dice.below(total);
        let route = api
            .routes
            .iter()
            .position(|route| {
                let is_it = left < route.weight;
                left = left.saturating_sub(route.weight);
                is_it
            })
            .unwrap();
        let of = &api.routes[route];
        let method = of.methods[dice.below(of.methods.len() as u64) as usize];
        let mut path = String::new();
        for segment in of.template.split('/').skip(1) {
            path.push('/');
            match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) => path.push_str(&value(api, &tables, name, &mut dice)),
                None => path.push_str(segment),
            }
        }
        let status = match dice.below(100) {
            0..=1 => 500,
            2..=4 => 403,
            5 if of.template.contains('{') => 404,
            _ => 200,
        };
        let operation = if status == 200 { of.operation } else { 0 };
        // An identifier that is not there is a call of its route all the same.
        calls.push(Asked { method, path, status, operation, route: Some(route) });
    }
    calls
}

fn cumulated((_, values): &(&'static str, Values)) -> Vec<f64> {
    let Values::Named { count, skew, .. } = values else { return Vec::new() };
    let mut sum = 0.0;
    (0..*count)
        .map(|rank| {
            sum += ((rank + 1) as f64).powf(-skew);
            sum
        })
        .collect()
}

fn value(api: &Api, tables: &[Vec<f64>], name: &str, dice: &mut Dice) -> String {
    let at = api.pools.iter().position(|(pool, _)| *pool == name).expect("the pool is there");
    match api.pools[at].1 {
        Values::Number { digits } => {
            let mut text = (1 + dice.below(9)).to_string();
            (1..digits).for_each(|_| text.push_str(&dice.below(10).to_string()));
            text
        }
        Values::Uuid => {
            let hex = characters(dice, b"0123456789abcdef", 32);
            [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
        }
        Values::Hex { digits } => characters(dice, b"0123456789abcdef", digits),
        Values::Token { length } => characters(
            dice,
            b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_",
            length,
        ),
        Values::Ulid => {
            format!("01J{}", characters(dice, b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", 23))
        }
        Values::Date => {
            format!("2026-{:02}-{:02}", 1 + dice.below(12), 1 + dice.below(28))
        }
        Values::OneOf(texts) => texts[dice.rank(texts.len(), 0.7)].to_owned(),
        Values::Named { name, .. } => {
            let table = &tables[at];
            let wanted = dice.unit() * table.last().copied().unwrap_or(1.0);
            name(table.partition_point(|sum| *sum < wanted).min(table.len() - 1))
        }
    }
}

fn characters(dice: &mut Dice, alphabet: &[u8], length: usize) -> String {
    (0..length).map(|_| alphabet[dice.below(alphabet.len() as u64) as usize] as char).collect()
}

/// What scanners try.
fn scan(dice: &mut Dice) -> Asked {
    const TRIED: [&str; 8] = [
        "/wp-login.php",
        "/.env",
        "/phpmyadmin/#",
        "/cgi-bin/#.cgi",
        "/#.bak",
        "/admin/#/setup.php",
        "/api/#",
        "/users/#/../../etc/passwd",
    ];
    let tried = TRIED[dice.below(TRIED.len() as u64) as usize];
    let path = tried.replace('#', &characters(dice, b"abcdefghijklmnopqrstuvwxyz", 7));
    Asked { method: "GET", path, status: 404, operation: 0, route: None }
}
