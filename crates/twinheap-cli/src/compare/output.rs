//! What children printed: kept in files, read in pieces, never held whole.
//!
//! Finds out whether two outputs are the same and where they first are not. Who printed them is `compare.rs`'s business.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use sha2::{Digest as _, Sha256};

use crate::report::measure::Digest;

const PIECE_BYTES: usize = 64 << 10;
/// How much of a line, and how many lines of complaint, are worth showing.
const LINE_BYTES: u64 = 200;
const TAIL_BYTES: u64 = 4 << 10;
const TAIL_LINES: usize = 5;

/// The checksum of a file.
pub fn digest(file: &Path) -> io::Result<Digest> {
    let mut file = File::open(file)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    let mut bytes = 0;
    loop {
        let n = file.read(&mut piece)?;
        if n == 0 {
            break;
        }
        hash.update(&piece[..n]);
        bytes += n as u64;
    }
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Digest { sha256, bytes })
}

/// The last lines of a file.
pub fn tail(file: &Path) -> io::Result<String> {
    let mut file = File::open(file)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut end = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut end)?;
    let end = String::from_utf8_lossy(&end);
    let lines: Vec<_> = end.lines().collect();
    Ok(lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n"))
}

/// A line number from 1 and both files' line of that number (its beginning, if it is long), or nothing if they are equal.
type FirstDifference = Option<(u64, Option<String>, Option<String>)>;

/// The first line in which two files differ.
pub fn first_difference(left: &Path, right: &Path) -> io::Result<FirstDifference> {
    let mut streams =
        [left, right].map(|path| File::open(path).map(|file| BufReader::with_capacity(PIECE_BYTES, file).bytes()));
    let [Ok(left_bytes), Ok(right_bytes)] = &mut streams else {
        return Err(streams.into_iter().find_map(Result::err).expect("one of them failed"));
    };
    let (mut line, mut line_start, mut at) = (1, 0, 0);
    loop {
        let pair = (left_bytes.next().transpose()?, right_bytes.next().transpose()?);
        match pair {
            (None, None) => return Ok(None),
            (Some(a), Some(b)) if a == b => {
                at += 1;
                if a == b'\n' {
                    line += 1;
                    line_start = at;
                }
            }
            _ => {
                let shown = |path| line_at(path, line_start, at);
                return Ok(Some((line, shown(left)?, shown(right)?)));
            }
        }
    }
}

/// The line that begins at `start`, or nothing if the file ends there; of a long line the part around `at`.
fn line_at(path: &Path, start: u64, at: u64) -> io::Result<Option<String>> {
    let from = if at - start < LINE_BYTES / 2 { start } else { at - LINE_BYTES / 2 };
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(LINE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.is_empty() && from == start {
        return Ok(None);
    }
    let end = bytes.iter().position(|&byte| byte == b'\n');
    let text = String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]);
    Ok(Some(match (from > start, end) {
        (false, Some(_)) => text.into_owned(),
        (true, Some(_)) => format!("…{text}"),
        (_, None) => {
            let begin = if from > start { "…" } else { "" };
            let rest = if bytes.len() as u64 > LINE_BYTES { "…" } else { " (no newline at the end)" };
            format!("{begin}{text}{rest}")
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differ(left: &str, right: &str) -> FirstDifference {
        let directory = tempfile::tempdir().unwrap();
        let [l, r] = ["l", "r"].map(|name| directory.path().join(name));
        std::fs::write(&l, left).unwrap();
        std::fs::write(&r, right).unwrap();
        assert_eq!(digest(&l).unwrap() == digest(&r).unwrap(), left == right);
        first_difference(&l, &r).unwrap()
    }

    #[test]
    fn differences() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(differ("a\nb\n", "a\nb\n"), None);
        assert_eq!(differ("a\nb\n", "a\nc\n"), Some((2, some("b"), some("c"))));
        assert_eq!(differ("a\nb\n", "a\n"), Some((2, some("b"), None)));
        assert_eq!(differ("a", "a\n"), Some((1, some("a (no newline at the end)"), some("a"))));
        assert_eq!(differ("", "\n"), Some((1, None, some(""))));
        let long = "x".repeat(100_000);
        let (line, left, right) = differ(&format!("{long}a\n"), &format!("{long}b\n")).unwrap();
        assert_eq!(line, 1);
        assert!(left.unwrap().ends_with("xa") && right.unwrap().ends_with("xb"));
    }

    #[test]
    fn tails() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("f");
        let lines: Vec<_> = (0..10_000).map(|n| n.to_string()).collect();
        std::fs::write(&file, lines.join("\n")).unwrap();
        assert_eq!(tail(&file).unwrap(), "9995\n9996\n9997\n9998\n9999");
        std::fs::write(&file, "").unwrap();
        assert_eq!(tail(&file).unwrap(), "");
    }
}
