//! The line of `~~~^^^` below a source line in a traceback: where in the line it went wrong, by the rules of CPython 3.13's
//! `traceback.py`. Only for places that begin and end on one line.

use crate::parse;
use ruff_python_ast::{Expr, ModExpression, Stmt};
use ruff_text_size::Ranged;

/// Longer lines get no carets: they would have to be parsed.
const MAX_LINE: usize = 2_000;

/// What to print below `line`, which is shown without its leading blanks; columns are UTF-8 byte offsets as in
/// [`crate::bytecode::Loc`]. None: CPython prints nothing there.
pub fn carets(line: &str, col: u32, end_col: u32) -> Option<String> {
    let (start, end) = (col as usize, end_col as usize);
    if start >= end || line.len() > MAX_LINE {
        return None;
    }
    let segment = line.get(start..end)?;
    let anchors = anchors(segment);
    if !worth_showing(line, start, end, anchors.is_some()) {
        return None;
    }
    let indent = line.len() - line.trim_start().len();
    let before = line.get(indent..start)?.chars().count();
    let mut out = " ".repeat(before);
    for (i, _) in segment.char_indices() {
        out.push(match anchors {
            Some((left, right)) if !(left..right).contains(&i) => '~',
            _ => '^',
        });
    }
    Some(out)
}

fn expression(segment: &str) -> Option<ModExpression> {
    let src = parse::Source::new(segment, "");
    parse::check_depth(&src).ok().filter(|d| d.chain < 200)?;
    match parse::parse(&src, parse::Mode::Eval) {
        Ok(ruff_python_ast::Mod::Expression(e)) => Some(e),
        _ => None,
    }
}

/// The part of an expression that stands for it: the operator, the brackets, the argument list.
fn anchors(segment: &str) -> Option<(usize, usize)> {
    let e = expression(segment)?;
    match &*e.body {
        Expr::BinOp(b) => {
            let after_left = b.left.end().to_usize();
            let at = after_left + segment[after_left..].find(|c: char| !c.is_whitespace() && c != ')')?;
            let two = segment[at + 1..b.right.start().to_usize().max(at + 1)]
                .starts_with(|c: char| !c.is_whitespace() && c != '(');
            Some((at, at + 1 + two as usize))
        }
        Expr::Subscript(s) => {
            let after = s.value.end().to_usize();
            Some((after + segment[after..].find('[')?, s.range.end().to_usize()))
        }
        Expr::Call(c) => {
            let after = c.func.end().to_usize();
            Some((after + segment[after..].find('(')?, c.range().end().to_usize()))
        }
        _ => None,
    }
}

/// Carets below the whole line say nothing.
fn worth_showing(line: &str, start: usize, end: usize, has_anchors: bool) -> bool {
    let indent = line.len() - line.trim_start().len();
    let statement = line.trim();
    let whole_value = |e: &Expr| e.start().to_usize() + indent == start && e.end().to_usize() + indent == end;
    // `return f(x)` can only be parsed inside a function; the statement's form is all that matters here
    let src = parse::Source::new(statement, "");
    if parse::check_depth(&src).is_ok_and(|d| d.chain < 200)
        && let Ok(ruff_python_ast::Mod::Module(m)) = parse::parse(&src, parse::Mode::Exec)
    {
        match m.body.first() {
            Some(Stmt::Return(r)) => {
                if let Some(Expr::Call(c)) = r.value.as_deref()
                    && matches!(&*c.func, Expr::Name(_))
                    && r.value.as_deref().is_some_and(whole_value)
                {
                    return false;
                }
            }
            Some(Stmt::Assign(a)) if matches!(&*a.value, Expr::Call(_)) && whole_value(&a.value) => return false,
            _ => {}
        }
    }
    has_anchors || !line[..start].trim_start().is_empty() || !line[end..].trim_end().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `marks` stands below the part that failed.
    fn shown(line: &str, part: &str) -> Option<String> {
        let col = line.find(part).expect("part of the line");
        carets(line, col as u32, (col + part.len()) as u32)
    }

    #[test]
    fn carets_are_cpythons() {
        for (line, part, want) in [
            ("    x = a + b", "a + b", Some("    ~~^~~")),
            ("    x = a // b", "a // b", Some("    ~~^^~~")),
            ("x = (a)*(b)", "(a)*(b)", Some("    ~~~^~~~")),
            ("    f(1)", "f(1)", Some("~^^^")),
            ("    return f(1)", "f(1)", None),
            ("    y = f(1)", "f(1)", None),
            ("    y = f(1) + 2", "f(1)", Some("    ~^^^")),
            ("    d['x']['y']", "d['x']['y']", Some("~~~~~~^^^^^")),
            ("    a.b.c", "a.b", Some("^^^")),
            ("    raise E", "raise E", None),
            ("x = é + b", "é + b", Some("    ~~^~~")),
            ("    1 / 0", "1 / 0", Some("~~^~~")),
        ] {
            assert_eq!(shown(line, part).as_deref(), want, "{line}");
        }
    }
}
