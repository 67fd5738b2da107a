//! The built-in workloads: their names, keys and defaults, and the choice of one.
//!
//! Each workload is written once over the library's public API, generic in the manager, in a file of its own under
//! `workloads/`. This file is the table and the dispatch; it allocates nothing itself. What a workload prints on
//! standard output depends on its keys only, never on the manager, so that `compare` can check the work was equal.

mod binary_trees;
mod empty;
mod graph;
mod lists;
mod lru_cache;
mod refs;
mod threads;

use std::{fmt::Write as _, io};

use twinheap::{
    Config, Full, Heap, Mutation, Mutator, Null, OneMutator, RefCount, Request, Rootable, Stats, Tricolor, TricolorSolo,
};

use crate::{Failure, args::Manager, report::measure::Response};

/// A workload as `twinheap workloads` lists it.
#[derive(Debug)]
pub struct Workload {
    /// Behind `workload:`.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// What can be set.
    pub keys: &'static [Key],
    /// Whom `compare` lets run it if nobody is named.
    pub contenders: &'static [Manager],
}

/// The two managers that free.
const BOTH: &[Manager] = &[Manager::Refcount, Manager::Tricolor];

/// A key of a workload.
#[derive(Debug)]
pub struct Key {
    name: &'static str,
    default: u64,
    least: u64,
    most: u64,
    about: &'static str,
}

/// What `twinheap workloads` lists.
const LISTED: &[Workload] =
    &[binary_trees::WORKLOAD, lists::WORKLOAD, graph::WORKLOAD, lru_cache::WORKLOAD, threads::WORKLOAD, refs::WORKLOAD];

/// A workload with a value for each of its keys.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Which one.
    pub workload: &'static Workload,
    values: Vec<u64>,
}

impl Chosen {
    /// The value of a key that the workload has.
    pub fn get(&self, key: &str) -> u64 {
        let at = self.workload.keys.iter().position(|k| k.name == key);
        self.values[at.unwrap_or_else(|| panic!("{} has no key {key}", self.workload.name))]
    }

    /// Says so if this manager cannot run it.
    pub fn check_manager(&self, manager: Manager) -> Result<(), String> {
        match manager {
            Manager::Arc
                if !self.workload.contenders.contains(&manager) && self.workload.name != empty::WORKLOAD.name =>
            {
                Err(format!("arc is a row of the workload refs only; it does not run {}", self.workload.name))
            }
            _ => Ok(()),
        }
    }
}

/// Understands `NAME[,KEY=VALUE…]`.
pub fn choose(spec: &str) -> Result<Chosen, String> {
    let mut pieces = spec.split(',');
    let name = pieces.next().expect("split gives at least one piece");
    let workload = LISTED.iter().chain([const { &empty::WORKLOAD }]).find(|w| w.name == name).ok_or_else(|| {
        let names: Vec<_> = LISTED.iter().map(|w| w.name).collect();
        format!("there is no workload `{name}`; there are {}", names.join(", "))
    })?;
    let mut values: Vec<Option<u64>> = vec![None; workload.keys.len()];
    for piece in pieces {
        let (key, value) = piece.split_once('=').ok_or_else(|| format!("`{piece}` should be KEY=VALUE"))?;
        let at = workload.keys.iter().position(|k| k.name == key).ok_or_else(|| {
            let names: Vec<_> = workload.keys.iter().map(|k| k.name).collect();
            let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            format!("the workload {name} has no key `{key}`; it has {has}")
        })?;
        let Key { least, most, .. } = workload.keys[at];
        let number = value.parse().ok().filter(|n| (least..=most).contains(n)).ok_or_else(|| {
            format!("the key {key} of the workload {name} is a whole number from {least} to {most}, not `{value}`")
        })?;
        if values[at].replace(number).is_some() {
            return Err(format!("the key {key} of the workload {name} is given twice"));
        }
    }
    let values = values.iter().zip(workload.keys).map(|(value, key)| value.unwrap_or(key.default)).collect();
    Ok(Chosen { workload, values })
}

/// Runs a workload under a manager: its output to `out`.
pub fn run(chosen: &Chosen, manager: Manager, config: Config, out: &mut dyn io::Write) -> Result<Done, Failure> {
    let mut stage = Stage { config, out };
    let done = match manager {
        Manager::Refcount => run_with::<RefCount>(chosen, &mut stage),
        Manager::Null => run_with::<Null>(chosen, &mut stage),
        Manager::Tricolor if chosen.workload.name == threads::WORKLOAD.name => {
            threads::run_together::<Tricolor>(chosen, &mut stage)
        }
        Manager::Tricolor => run_with::<TricolorSolo>(chosen, &mut stage),
        Manager::Arc => refs::run_arc(chosen, &mut stage),
    };
    let done = done.map_err(|stop| match stop {
        Stop::Full(full) => Failure::Failed(format!("{}: {full}", manager.name())),
        Stop::Start(wrong) => Failure::Usage(wrong),
        Stop::Output(error) => error.into(),
    })?;
    stage.out.flush()?;
    Ok(done)
}

fn run_with<M: OneMutator>(chosen: &Chosen, stage: &mut Stage<'_>) -> Result<Done, Stop> {
    match chosen.workload.name {
        "binary-trees" => binary_trees::run::<M>(chosen, stage),
        "lists" => lists::run::<M>(chosen, stage),
        "graph" => graph::run::<M>(chosen, stage),
        "lru-cache" => lru_cache::run::<M>(chosen, stage),
        "threads" => threads::run_alone::<M>(chosen, stage),
        "refs" => refs::run::<M>(chosen, stage),
        "empty" => empty::run::<M>(chosen, stage),
        name => unreachable!("{name} is in the table but not here"),
    }
}

/// What a workload is given besides its keys.
struct Stage<'a> {
    config: Config,
    out: &'a mut dyn io::Write,
}

/// What a workload leaves.
#[derive(Default)]
pub struct Done {
    /// The heap's figures at the end; none if it had no heap.
    pub stats: Option<Stats>,
    /// Response times, if it served requests.
    pub response: Option<Response>,
}

/// Why a workload ends early.
enum Stop {
    /// No room, also after a collection.
    Full(Full),
    /// The heap could not begin.
    Start(String),
    /// Nobody takes the output any more, or it cannot be written.
    Output(io::Error),
}

impl From<Full> for Stop {
    fn from(full: Full) -> Stop {
        Stop::Full(full)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Output(error)
    }
}

impl Stage<'_> {
    fn heap<R: Rootable<M>, M: twinheap::Manager>(
        &self,
        root: impl for<'gc> FnOnce(&'gc Mutation<'gc, M>) -> R::Root<'gc>,
    ) -> Result<Heap<R, M>, Stop> {
        Heap::new(self.config.clone(), root).map_err(|wrong| Stop::Start(wrong.to_string()))
    }

    fn mutator<R: Rootable<M>, M: twinheap::Manager>(&self, heap: &Heap<R, M>) -> Result<Mutator<R, M>, Stop> {
        heap.mutator().map_err(|wrong| Stop::Start(wrong.to_string()))
    }

    /// The end: what the heap says about itself.
    fn done<R: Rootable<M>, M: twinheap::Manager>(
        &self,
        mutator: Mutator<R, M>,
        heap: &Heap<R, M>,
    ) -> Result<Done, Stop> {
        drop(mutator);
        Ok(Done { stats: Some(heap.stats()), response: None })
    }
}

/// Runs a session; if there is no room, collects and runs it once more. So `f` changes nothing before it has allocated.
fn session<R: Rootable<M>, M: twinheap::Manager, T>(
    mutator: &mut Mutator<R, M>,
    f: impl for<'gc> Fn(&'gc Mutation<'gc, M>, &'gc R::Root<'gc>) -> Result<T, Full>,
) -> Result<T, Full> {
    mutator.mutate(&f).or_else(|_| {
        mutator.collect(Request::FULL);
        mutator.mutate(&f)
    })
}

/// Numbers that look random and are the same in every run (splitmix64).
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of the numbers below `end`.
    fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }
}

/// What `twinheap workloads` prints.
pub fn list() -> String {
    let mut text = String::new();
    for workload in LISTED {
        let _ = writeln!(text, "{}\n    {}", workload.name, workload.about);
        for key in workload.keys {
            let _ = writeln!(text, "    {}={}  {}", key.name, key.default, key.about);
        }
        text.push('\n');
    }
    text.push_str(
        "Run one with `twinheap run workload:NAME,KEY=VALUE`, or compare managers on it with `twinheap compare`.\n",
    );
    text
}
