//! `empty`: a heap that nothing happens in, so that what is left is start-up. Not listed.
//!
//! `compare` runs it to know what an empty program takes. The table of workloads is in `workloads.rs`.

use twinheap::{Manager, OneMutator, Rootable};

use super::{Chosen, Done, Stage, Stop, Workload};

pub const WORKLOAD: Workload =
    Workload { name: "empty", about: "Does nothing; start-up is what is left.", keys: &[], contenders: super::BOTH };

struct Root;
impl<M: Manager> Rootable<M> for Root {
    type Root<'gc> = ();
}

pub fn run<M: OneMutator>(_: &Chosen, stage: &mut Stage<'_>) -> Result<Done, Stop> {
    let heap = stage.heap::<Root, M>(|_| ())?;
    let mut mutator = stage.mutator(&heap)?;
    mutator.mutate(|_, ()| ());
    stage.done(mutator, &heap)
}
