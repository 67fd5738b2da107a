//! Source text to syntax tree, and what a syntax error looks like.
//!
//! The parser is ruff's. Before it runs, the tokens are counted: brackets nested more than 200 deep and expressions so
//! long that the recursive parts behind the parser (dropping the tree, resolving, compiling) would need an unbounded
//! stack are errors, as they are in CPython. What is left gets a thread with a stack sized for it (`with_stack`).
//! Not here: errors that need scopes (`resolve.rs`) or are found while compiling (`compile.rs`).

use crate::bytecode::Loc;
use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_python_ast::{Mod, PythonVersion};
use ruff_python_parser::{
    InterpolatedStringErrorType as FErr, LexicalErrorType as Lex, Mode as RuffMode, ParseErrorType as E, ParseOptions,
};
use ruff_text_size::{Ranged, TextRange, TextSize};
use std::fmt;

/// Brackets may nest this deep, as in CPython.
const MAX_BRACKETS: usize = 200;
/// Blocks may nest this deep, as in CPython.
const MAX_INDENTS: usize = 100;
/// Bound on the depth of the tree of one expression, estimated from its tokens. CPython gives up with a `RecursionError`
/// somewhere in this region.
const MAX_CHAIN: usize = 6_000;

/// Which class of Python's a syntax error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// `SyntaxError`
    Syntax,
    /// `IndentationError`
    Indentation,
    /// `TabError`
    Tab,
}

impl ErrorKind {
    /// The class's name.
    pub fn class_name(self) -> &'static str {
        match self {
            ErrorKind::Syntax => "SyntaxError",
            ErrorKind::Indentation => "IndentationError",
            ErrorKind::Tab => "TabError",
        }
    }
}

/// A program that cannot be compiled. `Display` is what CPython prints, without the `Traceback` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Which class of Python's.
    pub kind: ErrorKind,
    /// `msg`
    pub message: String,
    /// `filename`
    pub filename: String,
    /// `lineno`, from 1.
    pub line: u32,
    /// `offset`, in characters, from 1; 0 if unknown.
    pub col: u32,
    /// `end_lineno`
    pub end_line: u32,
    /// `end_offset`
    pub end_col: u32,
    /// `text`: the source line, without its end; none if the source is not text.
    pub text: Option<String>,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  File \"{}\", line {}", self.filename, self.line)?;
        if let Some(text) = &self.text {
            let trimmed = text.trim_start_matches([' ', '\t', '\x0c']);
            let cut = text.chars().count() - trimmed.chars().count();
            let trimmed = trimmed.trim_end();
            if !trimmed.is_empty() {
                writeln!(f, "    {trimmed}")?;
                if self.col > 0 {
                    let start = (self.col as usize - 1).saturating_sub(cut);
                    let end = match self.end_line == self.line {
                        true => (self.end_col as usize).saturating_sub(1 + cut),
                        false => trimmed.chars().count(),
                    };
                    let width = end.saturating_sub(start).max(1);
                    // tabs keep their width, so that the caret stands below what it means
                    let pad: String = trimmed
                        .chars()
                        .chain(std::iter::repeat(' '))
                        .take(start)
                        .map(|c| if c == '\t' { '\t' } else { ' ' })
                        .collect();
                    writeln!(f, "    {pad}{}", "^".repeat(width))?;
                }
            }
        }
        write!(f, "{}: {}", self.kind.class_name(), self.message)
    }
}

impl std::error::Error for SyntaxError {}

/// The text being compiled, with its lines.
pub struct Source<'a> {
    /// The text, byte-order mark removed.
    pub text: &'a str,
    /// Its name in messages.
    pub filename: &'a str,
    line_starts: Vec<u32>,
}

impl<'a> Source<'a> {
    /// Index the lines of `text`.
    pub fn new(text: &'a str, filename: &'a str) -> Source<'a> {
        let mut line_starts = vec![0];
        let bytes = text.as_bytes();
        for (i, &b) in bytes.iter().enumerate() {
            if b == b'\n' || (b == b'\r' && bytes.get(i + 1) != Some(&b'\n')) {
                line_starts.push(i as u32 + 1);
            }
        }
        Source { text, filename, line_starts }
    }

    /// Line (from 1) and byte column (from 0).
    pub fn position(&self, at: TextSize) -> (u32, u32) {
        let at = at.to_u32();
        let line = self.line_starts.partition_point(|&s| s <= at);
        (line as u32, at - self.line_starts[line - 1])
    }

    /// Both ends of a range.
    pub fn loc(&self, range: TextRange) -> Loc {
        let (line, col) = self.position(range.start());
        let (end_line, end_col) = self.position(range.end());
        Loc { line, end_line, col, end_col }
    }

    /// Text of a line (from 1) without its end.
    pub fn line_text(&self, line: u32) -> &'a str {
        let Some(&start) = self.line_starts.get(line as usize - 1) else { return "" };
        let end = self.line_starts.get(line as usize).map_or(self.text.len(), |&e| e as usize);
        self.text[start as usize..end].trim_end_matches(['\n', '\r'])
    }

    /// Text of a range.
    pub fn slice(&self, range: TextRange) -> &'a str {
        &self.text[range]
    }

    /// An error at `range`.
    pub fn error(&self, kind: ErrorKind, message: impl Into<String>, range: TextRange) -> SyntaxError {
        let loc = self.loc(range);
        let chars = |line: u32, col: u32| {
            let text = self.line_text(line);
            text.get(..col as usize).unwrap_or(text).chars().count() as u32 + 1
        };
        SyntaxError {
            kind,
            message: message.into(),
            filename: self.filename.to_string(),
            line: loc.line,
            col: chars(loc.line, loc.col),
            end_line: loc.end_line,
            end_col: chars(loc.end_line, loc.end_col),
            text: Some(self.line_text(loc.line).to_string()),
        }
    }

    /// A plain `SyntaxError` at `range`.
    pub fn syntax(&self, message: impl Into<String>, range: TextRange) -> SyntaxError {
        self.error(ErrorKind::Syntax, message, range)
    }
}

/// What a source may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A module.
    Exec,
    /// One expression, whose value the code returns.
    Eval,
    /// Interactive input: values of expression statements are printed.
    Single,
}

/// Bytes to text: UTF-8 with or without a byte-order mark, no null bytes.
pub fn decode<'a>(source: &'a [u8], filename: &str) -> Result<&'a str, SyntaxError> {
    let whole = |message: String, line: u32| SyntaxError {
        kind: ErrorKind::Syntax,
        message,
        filename: filename.to_string(),
        line,
        col: 0,
        end_line: line,
        end_col: 0,
        text: None,
    };
    let line_of = |at: usize| 1 + source[..at].iter().filter(|&&b| b == b'\n').count() as u32;
    if let Some(at) = source.iter().position(|&b| b == 0) {
        return Err(whole("source code cannot contain null bytes".into(), line_of(at)));
    }
    let text = std::str::from_utf8(source).map_err(|e| {
        let at = e.valid_up_to();
        let line = line_of(at);
        whole(
            format!(
                "Non-UTF-8 code starting with '\\x{:02x}' in file {filename} on line {line}, but no encoding declared; \
                 see https://peps.python.org/pep-0263/ for details",
                source[at]
            ),
            line,
        )
    })?;
    if text.len() >= u32::MAX as usize {
        return Err(whole("source code is longer than 4 GiB".into(), 1));
    }
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// How deep the tree of a source can get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Bound on the depth of one expression.
    pub chain: usize,
    /// Nested blocks.
    pub indents: usize,
}

enum TooDeep {
    Brackets,
    Indents,
    Chain,
}

impl TooDeep {
    fn error(&self, src: &Source<'_>, range: TextRange) -> SyntaxError {
        match self {
            TooDeep::Brackets => src.syntax("too many nested parentheses", range),
            TooDeep::Indents => src.error(ErrorKind::Indentation, "too many levels of indentation", range),
            TooDeep::Chain => src.syntax("expression is too complex: nested too deeply", range),
        }
    }
}

/// One bracket level: how deep what the next token belongs to may lie in the tree. What stands side by side (items,
/// operands of `and` and `or`) begins anew; what is kept meanwhile is what such neighbours lie in.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Operators since the last neighbour.
    run: usize,
    /// `not`s before comparisons, which are rows.
    nots: usize,
    /// Conditional expressions, whose parts may be rows of `and`.
    conditions: usize,
    /// Lambdas, whose bodies are anything.
    lambdas: usize,
    /// Lambdas whose parameters have not ended: commas are theirs.
    parameters: usize,
}

impl Level {
    fn depth(&self) -> usize {
        self.run + self.nots + self.conditions + self.lambdas
    }
    /// After a comma or an equals sign.
    fn next_item(&mut self) {
        match self.parameters {
            0 => *self = Level::default(),
            _ => (self.run, self.nots) = (0, 0),
        }
    }
}

fn count_depth(text: &str) -> Result<Depth, TooDeep> {
    use TokenKind as T;
    let mut lexer = ruff_python_parser::lexer::lex(text, RuffMode::Module);
    let mut deepest = Depth::default();
    let mut indents = 0usize;
    let mut levels = vec![Level::default()];
    let mut outer = 0; // sum of all levels but the last
    loop {
        let kind = lexer.next_token();
        let last = levels.last_mut().expect("never empty");
        match kind {
            T::EndOfFile => return Ok(deepest),
            T::Lpar | T::Lsqb | T::Lbrace => {
                last.run += 1;
                outer += last.depth();
                levels.push(Level::default());
                if levels.len() > MAX_BRACKETS + 1 {
                    return Err(TooDeep::Brackets);
                }
            }
            T::Rpar | T::Rsqb | T::Rbrace => {
                if levels.len() > 1 {
                    levels.pop();
                    let l = levels.last().expect("never empty");
                    outer -= l.depth();
                }
            }
            T::Comma | T::Equal => last.next_item(),
            // In brackets a mistake, which the parser gets over.
            T::Semi => *last = Level::default(),
            // The parser makes one node of a row of them; an `or` of `and`s is two.
            T::And | T::Or => (last.run, last.nots) = (2, 0),
            T::Less | T::Greater | T::EqEqual | T::NotEqual | T::LessEqual | T::GreaterEqual | T::In | T::Is => {
                last.run = 1
            }
            T::Not => last.nots += 1,
            T::If => last.conditions += 2,
            T::Lambda => {
                last.lambdas += 2;
                last.parameters += 1
            }
            T::Colon => {
                last.run += 1;
                last.parameters = last.parameters.saturating_sub(1)
            }
            // a newline that ends a statement; brackets left open are an error anyway
            T::Newline => {
                levels.clear();
                levels.push(Level::default());
                outer = 0;
            }
            T::Indent => {
                indents += 1;
                deepest.indents = deepest.indents.max(indents);
                if indents > MAX_INDENTS {
                    return Err(TooDeep::Indents);
                }
            }
            T::Dedent => indents = indents.saturating_sub(1),
            T::Name
            | T::Int
            | T::Float
            | T::Complex
            | T::String
            | T::FStringStart
            | T::FStringMiddle
            | T::FStringEnd
            | T::Comment
            | T::NonLogicalNewline
            | T::Ellipsis
            | T::None
            | T::True
            | T::False => {}
            _ => last.run += 1,
        }
        let l = levels.last().expect("never empty");
        let chain = outer + l.depth();
        deepest.chain = deepest.chain.max(chain);
        if chain > MAX_CHAIN {
            return Err(TooDeep::Chain);
        }
    }
}

/// Bound the depth of everything that comes after.
pub fn check_depth(src: &Source<'_>) -> Result<Depth, SyntaxError> {
    count_depth(src.text).map_err(|e| {
        // The lexer does not say where it is: the shortest prefix that is too deep ends with the token to blame.
        let cut = |n: usize| (n..=src.text.len()).find(|&i| src.text.is_char_boundary(i)).unwrap_or(n);
        let (mut low, mut high) = (0, src.text.len());
        while low < high {
            let mid = low + (high - low) / 2;
            match count_depth(&src.text[..cut(mid)]) {
                Err(_) => high = mid,
                Ok(_) => low = mid + 1,
            }
        }
        let end = cut(high);
        let start = src.text[..end].char_indices().next_back().map_or(0, |(i, _)| i);
        e.error(src, TextRange::new(TextSize::new(start as u32), TextSize::new(end as u32)))
    })
}

/// Run `work` where the stack suffices for a tree of this depth: here if it is shallow, else on a thread of its own.
pub fn with_stack<T: Send>(depth: Depth, work: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    if depth.chain <= 24 && depth.indents <= 8 {
        return Ok(work());
    }
    let stack = (24 << 20) + depth.chain * (16 << 10);
    std::thread::scope(|scope| {
        let handle = std::thread::Builder::new().name("compile".into()).stack_size(stack).spawn_scoped(scope, work)?;
        Ok(handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// Parse. To be called within [`with_stack`].
pub fn parse(src: &Source<'_>, mode: Mode) -> Result<Mod, SyntaxError> {
    let ruff_mode = if mode == Mode::Eval { RuffMode::Expression } else { RuffMode::Module };
    let options = ParseOptions::from(ruff_mode).with_target_version(PythonVersion::PY313);
    let parsed = ruff_python_parser::parse_unchecked(src.text, options);
    if let Some(first) = parsed.errors().iter().min_by_key(|e| e.location.start()) {
        return Err(explain(src, &first.error, first.location, parsed.tokens()));
    }
    if let Some(first) = parsed.unsupported_syntax_errors().first() {
        let text = first.to_string();
        let message = if text.contains("dictionary unpacking in") {
            "dict unpacking cannot be used in dict comprehension".to_string()
        } else if text.contains("iterable unpacking in a") {
            "iterable unpacking cannot be used in comprehension".to_string()
        } else {
            text.replace('`', "'")
        };
        return Err(src.syntax(message, first.range()));
    }
    Ok(parsed.into_syntax())
}

/// Ruff's error in CPython's words, where there are some.
fn explain(src: &Source<'_>, error: &E, range: TextRange, tokens: &Tokens) -> SyntaxError {
    if let Some(e) = explain_tabs(src, error, range) {
        return e;
    }
    if let E::Lexical(lex) = error
        && !(*lex == Lex::Eof && src.text.contains(['(', '[', '{']))
    {
        return explain_lexical(src, lex, range);
    }
    if let Some(e) = explain_brackets(src, range, tokens) {
        return e;
    }
    let message: String = match error {
        E::ExpectedToken { expected: TokenKind::Colon, found: TokenKind::Newline | TokenKind::EndOfFile } => {
            "expected ':'".into()
        }
        E::ExpectedToken { expected: TokenKind::Colon, found: TokenKind::Equal } => {
            "invalid syntax. Maybe you meant '==' or ':=' instead of '='?".into()
        }
        E::OtherError(m) if m.contains("`except` or `finally`") => "expected 'except' or 'finally' block".into(),
        E::SimpleStatementsOnSameLine | E::ExpectedToken { .. } if let Some(at) = called_print(src, range) => {
            let name = src.slice(at);
            let message = format!("Missing parentheses in call to '{name}'. Did you mean {name}(...)?");
            return src.syntax(message, TextRange::new(at.start(), range.end()));
        }
        E::UnexpectedIndentation => return src.error(ErrorKind::Indentation, "unexpected indent", range),
        E::OtherError(m) if m.starts_with("Expected an indented block") => {
            return explain_missing_block(src, m, range, tokens);
        }
        E::FStringError(e) => fstring_message(e),
        E::Lexical(lex) => return explain_lexical(src, lex, range),
        E::OtherError(_)
        | E::ExpectedToken { .. }
        | E::ExpectedExpression
        | E::SimpleStatementsOnSameLine
        | E::SimpleAndCompoundStatementOnSameLine
        | E::UnexpectedExpressionToken
        | E::EmptySlice
        | E::EmptyDeleteTargets
        | E::EmptyGlobalNames
        | E::EmptyNonlocalNames
        | E::UnexpectedTokenAfterAsync(_)
        | E::UnexpectedIpythonEscapeCommand
        | E::UnparenthesizedNamedExpression
        | E::InvalidLambdaExpressionUsage
        | E::InvalidYieldExpressionUsage => "invalid syntax".into(),
        E::InvalidAssignmentTarget => match src.slice(range) {
            "True" | "False" | "None" => format!("cannot assign to {}", src.slice(range)),
            t if t.ends_with(')') && t.contains('(') && !t.starts_with('(') => {
                "cannot assign to function call here. Maybe you meant '==' instead of '='?".into()
            }
            t if t.starts_with(|c: char| c.is_ascii_digit() || "'\"".contains(c)) => {
                "cannot assign to literal here. Maybe you meant '==' instead of '='?".into()
            }
            _ => "cannot assign to expression here. Maybe you meant '==' instead of '='?".into(),
        },
        E::InvalidAugmentedAssignmentTarget => "illegal expression for augmented assignment".into(),
        E::InvalidAnnotatedAssignmentTarget => "illegal target for annotation".into(),
        E::InvalidDeleteTarget => "cannot delete expression".into(),
        E::InvalidStarredExpressionUsage => "can't use starred expression here".into(),
        E::PositionalAfterKeywordArgument => "positional argument follows keyword argument".into(),
        E::PositionalAfterKeywordUnpacking => "positional argument follows keyword argument unpacking".into(),
        E::InvalidArgumentUnpackingOrder => "iterable argument unpacking follows keyword argument unpacking".into(),
        E::UnparenthesizedGeneratorExpression => "Generator expression must be parenthesized".into(),
        E::IterableUnpackingInComprehension => "iterable unpacking cannot be used in comprehension".into(),
        E::ParamAfterVarKeywordParam => "arguments cannot follow var-keyword argument".into(),
        E::NonDefaultParamAfterDefaultParam => "parameter without a default follows parameter with a default".into(),
        E::ExpectedKeywordParam => "named arguments must follow bare *".into(),
        E::VarParameterWithDefault => "var-positional argument cannot have default value".into(),
        E::EmptyImportNames => "Expected one or more names after 'import'".into(),
        other => {
            let text = other.to_string().replace('`', "'");
            let mut chars = text.chars();
            chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
        }
    };
    src.syntax(message, range)
}

fn fstring_message(e: &FErr) -> String {
    match e {
        FErr::UnclosedLbrace => "f-string: expecting '}'".into(),
        FErr::SingleRbrace => "f-string: single '}' is not allowed".into(),
        FErr::UnterminatedString => "unterminated f-string literal".into(),
        FErr::UnterminatedTripleQuotedString => "unterminated triple-quoted f-string literal".into(),
        FErr::InvalidConversionFlag => "f-string: invalid conversion character: expected 's', 'r', or 'a'".into(),
        FErr::LambdaWithoutParentheses => "f-string: lambda expressions are not allowed without parentheses".into(),
        other => format!("f-string: {other}"),
    }
}

fn explain_lexical(src: &Source<'_>, lex: &Lex, range: TextRange) -> SyntaxError {
    let (line, _) = src.position(range.start());
    let message = match lex {
        Lex::IndentationError => {
            return src.error(
                ErrorKind::Indentation,
                "unindent does not match any outer indentation level",
                TextRange::empty(range.end()),
            );
        }
        Lex::UnclosedStringError => {
            let text = src.slice(range).trim_start_matches(|c: char| c.is_ascii_alphabetic());
            let at = TextRange::empty(range.start());
            if text.starts_with("\"\"\"") || text.starts_with("'''") {
                let last =
                    src.line_starts.len() as u32 - (src.text.ends_with('\n') && src.line_starts.len() > 1) as u32;
                return src.syntax(format!("unterminated triple-quoted string literal (detected at line {last})"), at);
            }
            return src.syntax(format!("unterminated string literal (detected at line {line})"), at);
        }
        Lex::FStringError(e @ (FErr::UnterminatedString | FErr::UnterminatedTripleQuotedString)) => {
            format!("{} (detected at line {line})", fstring_message(e))
        }
        Lex::FStringError(e) => fstring_message(e),
        Lex::LineContinuationError => "unexpected character after line continuation character".into(),
        Lex::Eof => "unexpected EOF while parsing".into(),
        Lex::InvalidByteLiteral => "bytes can only contain ASCII literal characters".into(),
        Lex::UnrecognizedToken { tok } if tok.is_ascii() => "invalid syntax".into(),
        Lex::UnrecognizedToken { tok } => format!("invalid character '{tok}' (U+{:04X})", *tok as u32),
        Lex::OtherError(m) if &**m == "Invalid decimal integer literal" => {
            "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers".into()
        }
        Lex::OtherError(m) if m.starts_with("ParseIntError") => match src.slice(range).get(1..2) {
            Some("x" | "X") => "invalid hexadecimal literal".into(),
            Some("o" | "O") => "invalid octal literal".into(),
            _ => "invalid binary literal".into(),
        },
        Lex::OtherError(m) => m.replace('`', "'"),
        other => other.to_string().replace('`', "'"),
    };
    src.syntax(message, range)
}

/// Tabs and blanks mixed so that the depth depends on a tab's width.
fn explain_tabs(src: &Source<'_>, error: &E, range: TextRange) -> Option<SyntaxError> {
    let about_indentation = matches!(error, E::Lexical(Lex::IndentationError) | E::UnexpectedIndentation);
    if !about_indentation {
        return None;
    }
    let (line, _) = src.position(range.end());
    let indent = |l: u32| {
        let text = src.line_text(l);
        &text[..text.len() - text.trim_start_matches([' ', '\t']).len()]
    };
    let here = indent(line);
    let before = (1..line).rev().find(|&l| !src.line_text(l).trim().is_empty()).map(indent)?;
    let mixed = here.contains('\t') && before.contains(' ') || here.contains(' ') && before.contains('\t');
    (mixed && !here.starts_with(before) && !before.starts_with(here)).then(|| {
        src.error(ErrorKind::Tab, "inconsistent use of tabs and spaces in indentation", TextRange::empty(range.end()))
    })
}

/// `print "x"`: the word, if the line of the error begins with it.
fn called_print(src: &Source<'_>, range: TextRange) -> Option<TextRange> {
    let (line, col) = src.position(range.start());
    let text = src.line_text(line);
    let before = text.get(..col as usize)?;
    let word = before.trim();
    if word != "print" && word != "exec" {
        return None;
    }
    let start = range.start().to_u32() - col + (before.len() - before.trim_start().len()) as u32;
    Some(TextRange::at(TextSize::new(start), TextSize::new(word.len() as u32)))
}

/// A bracket that closes nothing, closes another kind, or is never closed explains most other errors.
fn explain_brackets(src: &Source<'_>, range: TextRange, tokens: &Tokens) -> Option<SyntaxError> {
    use TokenKind as T;
    let mut open: Vec<(char, TextRange)> = Vec::new();
    for token in tokens.iter() {
        let shown = match token.kind() {
            T::Lpar => '(',
            T::Lsqb => '[',
            T::Lbrace => '{',
            T::Rpar => ')',
            T::Rsqb => ']',
            T::Rbrace => '}',
            _ => continue,
        };
        if "([{".contains(shown) {
            open.push((shown, token.range()));
            continue;
        }
        // an error before the first wrong bracket is the real one
        let before = token.start() <= range.end();
        let Some((opening, at)) = open.pop() else {
            if !before {
                return None;
            }
            return Some(src.syntax(format!("unmatched '{shown}'"), token.range()));
        };
        if before && !matches!((opening, shown), ('(', ')') | ('[', ']') | ('{', '}')) {
            let (a, b) = (src.position(at.start()).0, src.position(token.start()).0);
            let on = if a == b { String::new() } else { format!(" on line {a}") };
            let message = format!("closing parenthesis '{shown}' does not match opening parenthesis '{opening}'{on}");
            return Some(src.syntax(message, token.range()));
        }
    }
    // never closed: said only if the error is not on the bracket's own line, or is the end of the source
    let (shown, at) = *open.last()?;
    let at_end = src.text[range.start().to_usize()..].trim_ascii().is_empty();
    let later = src.position(range.start()).0 > src.position(at.start()).0;
    (at.start() < range.end() && (at_end || later))
        .then(|| src.syntax(format!("'{shown}' was never closed"), TextRange::at(at.start(), TextSize::new(1))))
}

/// `expected an indented block after 'if' statement on line 3`: ruff knows the statement, the line is its header's.
fn explain_missing_block(src: &Source<'_>, message: &str, range: TextRange, tokens: &Tokens) -> SyntaxError {
    let mut message = message.replacen("Expected", "expected", 1).replace('`', "'");
    let colon = tokens.iter().rfind(|t| t.kind() == TokenKind::Colon && t.start() < range.end());
    if let Some(colon) = colon {
        message.push_str(&format!(" on line {}", src.position(colon.start()).0));
    }
    if message.contains(" definition") {
        message = message.replace('\'', "");
    }
    src.error(ErrorKind::Indentation, message, range)
}
