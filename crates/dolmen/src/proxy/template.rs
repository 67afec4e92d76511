//! Texts with `{{placeholders}}`.

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'v> {
    /// Goes in as it is.
    Text(&'v str),
    /// A template itself. It is filled, and each of its lines is indented as its placeholder is.
    Part(&'static str),
    /// Lines that go in as they are, indented as their placeholder is. Where there are none, the
    /// placeholder's line is left out.
    Lines(&'v str),
}

/// `template` with a value for each placeholder. One without a value stays, for a test to find.
pub(super) fn fill<'v>(template: &str, value_of: &impl Fn(&str) -> Option<Value<'v>>) -> String {
    let mut out = String::new();
    for line in template.lines() {
        if let Some(("", name, "")) = placeholder(line.trim())
            && let Some(Value::Lines("")) = value_of(name)
        {
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let mut rest = line;
        while let Some((before, name, after)) = placeholder(rest) {
            out.push_str(before);
            match value_of(name) {
                Some(Value::Text(text)) => out.push_str(text),
                Some(Value::Part(part)) => {
                    let filled = fill(part, value_of);
                    out.push_str(&filled.trim_end().replace('\n', &format!("\n{indent}")));
                }
                Some(Value::Lines(lines)) => {
                    out.push_str(&lines.trim_end().replace('\n', &format!("\n{indent}")));
                }
                None => out.push_str(&rest[before.len()..rest.len() - after.len()]),
            }
            rest = after;
        }
        out.push_str(rest);
        out.push('\n');
    }
    // Blank lines of an indented part.
    let lines: Vec<&str> = out.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

/// What stands before the first placeholder, its name, and what stands after it.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (name, after) = rest.split_once("}}")?;
    Some((before, name, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_filled_and_indented() {
        let value_of = |name: &str| match name {
            "part" => Some(Value::Part("a {{text}}\n\n    b\n")),
            "text" => Some(Value::Text("{{text}}")),
            "lines" => Some(Value::Lines("c\nd\n")),
            "none" => Some(Value::Lines("")),
            _ => None,
        };
        assert_eq!(
            fill("x {{text}}{{text}} y\n  {{part}}\n{{nothing}}\n", &value_of),
            "x {{text}}{{text}} y\n  a {{text}}\n\n      b\n{{nothing}}\n"
        );
        assert_eq!(fill("  {{lines}}\n  {{none}}\nx\n", &value_of), "  c\n  d\nx\n");
    }
}
