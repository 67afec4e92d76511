//! A report on what a store holds: the same answer as that on the files it was imported from.

use dolmen_attribution::Rules;
use dolmen_cubes::{FileRow, MarkOnlyRow, Report, UnparsedLine, UnreadableRow};
use dolmen_store::{CallQuestion, Store, StoreError};

use crate::learn::renamed;

/// How many lines a report shows of those that no format reads; all are counted.
const SHOWN: usize = 1000;

/// Bytes shown of such a line.
const SHOWN_BYTES: usize = 400;

/// Says of the calls that fulfil a question what [`report`](crate::report) says of lines.
pub fn report_stored(
    store: &dyn Store,
    rules: &Rules,
    question: &CallQuestion,
) -> Result<Report, StoreError> {
    let survey = store.survey(question)?;
    let mut lacking = survey.unreadable;
    let names = store.names();
    let mut report = Report {
        marks: survey.marks,
        mark_only: survey.mark_only.iter().map(|row| row.marks).sum(),
        bypassed: survey.bypassed,
        repeated_ids: survey.repeated_ids,
        overused_ids: survey.overused_ids,
        disagreements: survey.disagreements,
        from: survey.from,
        to: survey.to,
        ..Report::default()
    };
    let renamed = renamed(&survey.cube, names, rules);
    report.count(&survey.cube, &survey.callers, (names, &survey.caller_names), &renamed);
    let rows = survey.mark_only.iter().map(|row| MarkOnlyRow {
        operation: names.operations.name(row.operation),
        service: names.services.name(row.service),
        marks: row.marks,
    });
    report.mark_only_operations = rows.collect();
    report.mark_only_operations.sort_by(|a, b| {
        let names = |row: &MarkOnlyRow| (row.operation.clone(), row.service.clone());
        b.marks.cmp(&a.marks).then_with(|| names(a).cmp(&names(b)))
    });
    for file in store.files()? {
        report.unparsed += file.unread;
        report.files.push(FileRow {
            path: file.path,
            format: file.format,
            lines: file.lines,
            unparsed: file.unread,
            error: None,
        });
    }
    if report.unparsed > 0 {
        let first = store.first_unread(SHOWN)?;
        lacking.extend(first.unreadable);
        let lines = first.lines.into_iter().map(|row| UnparsedLine {
            text: String::from_utf8_lossy(&row.line[..row.line.len().min(SHOWN_BYTES)])
                .into_owned(),
            file: row.file,
            line: row.number,
            column: row.column,
            expected: row.expected,
        });
        report.unparsed_lines = lines.collect();
    }
    let unreadable = lacking.into_iter().map(|lost| UnreadableRow {
        segment: lost.segment,
        reason: lost.reason,
        rows: lost.rows,
        from: lost.from,
        to: lost.to,
    });
    report.unreadable = unreadable.collect();
    Ok(report)
}
