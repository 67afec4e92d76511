use super::measure::{Run, median};

/// One program on one input.
pub(super) struct Row {
    pub(super) name: String,
    /// Lines that it reads.
    pub(super) lines: u64,
    pub(super) runs: Vec<Run>,
}

impl Row {
    pub(super) fn new(name: &str, lines: u64) -> Self {
        Self { name: name.to_owned(), lines, runs: Vec::new() }
    }

    fn median(&self, figure: impl Fn(&Run) -> f64) -> f64 {
        median(self.runs.iter().map(figure)).unwrap_or(f64::NAN)
    }

    /// How many times longer it took than `other`: of each round, and of these the middle one.
    fn ratio(&self, other: &Row) -> f64 {
        let pairs = self.runs.iter().zip(&other.runs);
        median(pairs.map(|(run, other)| wall(run) / wall(other))).unwrap_or(f64::NAN)
    }
}

fn wall(run: &Run) -> f64 {
    run.wall.as_secs_f64()
}

/// Prints what `ours` took, and what others did, compared with it.
pub(super) fn print(ours: &Row, others: &[Row]) {
    let heads = ["wall", "processor", "memory", "lines/s", "ratio", "runs"];
    println!(
        "{:<36} {:>9} {:>10} {:>8} {:>11} {:>8} {:>5}",
        "program", heads[0], heads[1], heads[2], heads[3], heads[4], heads[5]
    );
    for row in [ours].into_iter().chain(others) {
        let seconds = row.median(wall);
        let processor = row.median(|run| run.processor.as_secs_f64());
        let memory = row.median(|run| run.memory as f64 / 1e6);
        let speed = row.lines as f64 / seconds;
        let ratio = row.ratio(ours);
        println!(
            "{:<36} {seconds:>7.2} s {processor:>8.2} s {memory:>5.0} MB {speed:>11.0} {ratio:>6.1} x {:>5}",
            row.name,
            row.runs.len()
        );
    }
}
