//! Templates of endpoints, and why they are.

use std::io::{self, Write};

use dolmen_attribution::{DeclaredTemplate, How, LearnedTemplate, Parameter};

use super::number;
use super::text::clean;

/// Writes templates, each with what it was learned from.
pub(crate) fn write(
    declared: &[DeclaredTemplate],
    learned: &[LearnedTemplate],
    left_out: u64,
    out: &mut dyn Write,
) -> io::Result<()> {
    for DeclaredTemplate { path, methods, service, rule } in declared {
        let service = service.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
        let methods = methods.join(",");
        let space = if methods.is_empty() { "" } else { " " };
        writeln!(out, "{methods}{space}{path}{service}: declared by {rule}")?;
    }
    for template in learned {
        let LearnedTemplate { path, calls, methods, parameters, .. } = template;
        let calls = number::counted(*calls, "call", "calls");
        writeln!(out, "{} {}: {calls}", clean(&methods.join(",")), clean(path))?;
        for parameter in parameters {
            writeln!(out, "    {}", evidence(parameter))?;
        }
        if parameters.is_empty() {
            writeln!(out, "    a name beside values")?;
        }
    }
    if left_out > 0 {
        let calls = number::counted(left_out, "call", "calls");
        writeln!(out, "{calls} taught nothing: there was no room for so many paths")?;
    }
    Ok(())
}

fn evidence(parameter: &Parameter) -> String {
    let Parameter { placeholder, how, values, top_percent, examples, segment } = parameter;
    let why = match how {
        How::Typed => "by its shape",
        How::Values => "many values, and the same below them",
        How::Marks => "marks say that all values enter one operation",
    };
    let values = number::counted(*values, "value", "values");
    let top = top_percent.map(|top| format!(", the most frequent {top} %")).unwrap_or_default();
    let examples = match examples.as_slice() {
        [] => String::new(),
        some => format!("; such as {}", clean(&some.join(", "))),
    };
    format!("{placeholder} (segment {}): {why}; {values}{top}{examples}", segment + 1)
}
