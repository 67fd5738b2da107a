//! A contender's command line: `WORKLOAD CONTENDER key=value…`, and the figures it reports on stderr.
//! Not the command's own arguments (`main.rs`).

use std::{fmt::Display, process::exit};

/// What a contender was asked to do.
pub struct Arguments {
    /// Which program.
    pub workload: String,
    /// Which contender, where one executable holds several.
    pub contender: String,
    pairs: Vec<(String, String)>,
}

impl Arguments {
    /// Reads this process's arguments; ends it when they make no sense.
    pub fn read() -> Self {
        let mut words = std::env::args().skip(1);
        let (Some(workload), Some(contender)) = (words.next(), words.next()) else {
            refuse("usage: WORKLOAD CONTENDER [key=value…]")
        };
        let pairs = words.map(|w| match w.split_once('=') {
            Some((key, value)) => (key.to_owned(), value.to_owned()),
            None => refuse(format_args!("`{w}` is not key=value")),
        });
        Arguments { workload, contender, pairs: pairs.collect() }
    }
    /// The number under `key`.
    pub fn number(&self, key: &str) -> u64 {
        let Some((_, value)) = self.pairs.iter().find(|(k, _)| k == key) else {
            refuse(format_args!("`{key}=` is missing"))
        };
        value.parse().unwrap_or_else(|_| refuse(format_args!("`{key}={value}` is not a number")))
    }
    /// The word under `key`.
    pub fn word(&self, key: &str) -> &str {
        match self.pairs.iter().find(|(k, _)| k == key) {
            Some((_, value)) => value,
            None => refuse(format_args!("`{key}=` is missing")),
        }
    }
    /// Ends the process: this executable has no such workload or contender.
    pub fn unknown(&self) -> ! {
        refuse(format_args!("no contender `{}` for `{}` in this executable", self.contender, self.workload))
    }
}

fn refuse(why: impl Display) -> ! {
    eprintln!("{why}");
    exit(2)
}

/// Reports a figure: the command collects every word `name=number` on a contender's stderr.
pub fn figure(name: &str, value: f64) {
    eprintln!("{name}={value}");
}
