//! Access lines and marks as a proxy and a monolith write them: seeded, so that every run reads
//! the same bytes.

mod dates;
mod style;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use dates::rfc_3339;
pub(crate) use style::Style;

/// Every 200th call has no mark: refused, cached, or static.
const UNMARKED: u64 = 200;

/// How many of `calls` have a mark.
pub(super) const fn marked(calls: u64) -> u64 {
    calls - calls.div_ceil(UNMARKED)
}

/// 2026-10-05T00:00:00Z, a Monday.
const START: u64 = 1_791_158_400;

/// Fourteen days in microseconds.
const SPAN: u64 = 14 * 86_400 * 1_000_000;

const AGENTS: [(&str, u64); 6] = [
    ("PortailWeb/4.2 (Mozilla/5.0; compatible; portal front end)", 46),
    ("GrandsComptes/1.9 java/17.0.15", 18),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) OutilAgence/7.3 Gecko/20100101", 15),
    ("curl/7.81.0", 12),
    ("Wget/1.21.2", 6),
    ("python-requests/2.32.3", 3),
];

const OPERATIONS: [&str; 5] = [
    "internal transfer",
    "external transfer",
    "card block",
    "balance and movements",
    "card ceiling",
];

/// Splitmix64 (Steele, Lea and Flood 2014): one multiplication chain a number, and every seed good.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// A call, as logs of any format tell it.
struct Record {
    /// Since the epoch.
    micros: u64,
    operation: &'static str,
    /// Half random, half a counter, as proxies make them.
    id: String,
    /// In microseconds.
    duration: u64,
    address: String,
    agent: &'static str,
    method: &'static str,
    target: String,
    status: u16,
    /// Of the response, in bytes.
    size: u64,
}

impl Record {
    /// The call `number` of so many.
    fn new(random: &mut Random, number: u64, calls: u64) -> Self {
        let operation = random.below(5) as usize;
        let id = format!("{:016x}{:016x}", random.next(), 0x0006_1c00_0000_0000 + number);
        let octave = random.below(9);
        let duration = 900 + random.below(1 << (10 + octave));
        let mut pick = random.below(100);
        let agent = AGENTS
            .iter()
            .find(|(_, weight)| {
                let found = pick < *weight;
                pick = pick.saturating_sub(*weight);
                found
            })
            .map_or(AGENTS[0].0, |(agent, _)| agent);
        let (client, card) = (10_000 + random.below(90_000), 100_000 + random.below(900_000));
        let (method, target) = match operation {
            0 | 4 => ("POST", format!("/api/comptes/{client}/ordres")),
            1 => {
                let amount = random.below(5000);
                ("GET", format!("/banque?op=virement&client={client}&montant={amount}"))
            }
            2 => ("POST", format!("/api/carteService/{client}/opposition/{card}")),
            _ => ("POST", format!("/services/soldes/{client}")),
        };
        let status = [200, 200, 200, 200, 200, 200, 200, 302, 404, 500][random.below(10) as usize];
        let (c, d) = (random.below(16), 1 + random.below(254));
        Self {
            micros: START * 1_000_000 + SPAN / calls * number,
            operation: OPERATIONS[operation],
            id,
            duration,
            address: format!("10.0.{c}.{d}"),
            agent,
            method,
            target,
            status,
            size: 200 + random.below(20_000),
        }
    }
}

/// Writes `calls` access lines of Apache to `access` and the marks of all but every 200th to `marks`.
/// Returns the bytes written.
pub(crate) fn write(access: &Path, marks: &Path, calls: u64) -> io::Result<u64> {
    let mut random = Random(7);
    let mut access = BufWriter::with_capacity(1 << 20, File::create(access)?);
    let mut marks = BufWriter::with_capacity(1 << 20, File::create(marks)?);
    let mut line = Vec::new();
    let mut bytes = 0;
    for number in 0..calls {
        let record = Record::new(&mut random, number, calls);
        line.clear();
        Style::Apache.line(&mut line, &record)?;
        access.write_all(&line)?;
        bytes += line.len() as u64;
        if number % UNMARKED != 0 {
            line.clear();
            let at = rfc_3339(record.micros + record.duration / 2);
            let Record { id, operation, .. } = &record;
            writeln!(line, r#"{{"time":"{at}","request_id":"{id}","operation":"{operation}"}}"#)?;
            marks.write_all(&line)?;
            bytes += line.len() as u64;
        }
    }
    access.flush()?;
    marks.flush()?;
    Ok(bytes)
}

/// Writes `calls` access lines as another server writes them.
pub(crate) fn write_as(style: Style, access: &Path, calls: u64) -> io::Result<()> {
    // Other ids for each.
    let mut random = Random(8 + style as u64);
    let mut access = BufWriter::with_capacity(1 << 20, File::create(access)?);
    style.begin(&mut access)?;
    for number in 0..calls {
        style.line(&mut access, &Record::new(&mut random, number, calls))?;
    }
    access.flush()
}

/// Writes `calls` access lines as JSON documents, as agents send them that parse by themselves.
pub(crate) fn write_documents(to: &Path, calls: u64) -> io::Result<u64> {
    let mut random = Random(7);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(to)?);
    let mut bytes = 0;
    for n in 0..calls {
        let at = rfc_3339(START * 1_000_000 + SPAN / calls * n);
        let (agent, _) = AGENTS[random.below(6) as usize];
        let (c, d) = (random.below(16), 1 + random.below(254));
        let client = 10_000 + random.below(90_000);
        let id = format!("{:016x}{:016x}", random.next(), 0x0006_1c00_0000_0000 + n);
        let line = format!(
            "{{\"time\":\"{at}\",\"remote_addr\":\"10.0.{c}.{d}\",\"method\":\"POST\",\
             \"path\":\"/api/comptes/{client}/ordres\",\"status\":200,\"user_agent\":\"{agent}\",\
             \"request_id\":\"{id}\"}}\n"
        );
        out.write_all(line.as_bytes())?;
        bytes += line.len() as u64;
    }
    out.flush()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_every_time() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = |kind: &str| dir.path().join(format!("{name}.{kind}"));
            write(&path("access"), &path("marks"), 1000).unwrap();
            ["access", "marks"].map(|kind| std::fs::read(path(kind)).unwrap())
        };
        let [access, marks] = write("a");
        assert_eq!([&access, &marks], [&write("b")[0], &write("b")[1]]);
        let lines = |bytes: &[u8]| bytes.iter().filter(|&&b| b == b'\n').count();
        assert_eq!((lines(&access), lines(&marks)), (1000, marked(1000) as usize));
        assert_eq!(marked(1000), 995);
    }
}
