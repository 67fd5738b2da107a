//! The contract: laws × managers.  Every law is a function generic in the manager, in safe code, as users write it; what
//! differs between managers is decided by `M::CONSTRAINTS`, never by name.
//!
//! Each law runs three times ([`trial::run`]): at full size, small, and small with zeal 1, and what it saw of the last two must
//! be equal.  Each ends with `verify()` and the ladder's equation.
//! `Cc` has no sessions: the laws that apply to it stand in `contract/cc.rs`, under the same names.
//! Not here: many threads hammering one heap (`stress.rs`), what must not compile (`ui.rs`).
#![cfg(not(loom))]
#![forbid(unsafe_code)]

/// Calls `$then!(name, Manager, …)` for every manager there is.
macro_rules! every_manager {
    ($then:ident $what:tt) => {
        one_mutator_managers!($then $what);
        threaded_managers!($then $what);
    };
}
/// The same for managers with one mutator.
macro_rules! one_mutator_managers {
    ($then:ident $what:tt) => {
        $then!(null, twinheap::Null, $what);
        $then!(refcount, twinheap::RefCount, $what);
        $then!(tricolor_solo, twinheap::TricolorSolo, $what);
    };
}
/// The same for managers with many.
macro_rules! threaded_managers {
    ($then:ident $what:tt) => {
        $then!(tricolor, twinheap::Tricolor, $what);
    };
}
/// Tests of these laws under one manager.
macro_rules! tests_of {
    ($name:ident, $manager:ty, { $($law:ident)* }) => {
        mod $name {
            $(#[test]
            fn $law() {
                crate::trial::run(super::$law::<$manager>)
            })*
        }
    };
}
/// Tests of these laws under every manager.
macro_rules! laws {
    ($($law:ident),* $(,)?) => { every_manager!(tests_of { $($law)* }); };
}
/// Tests of these laws under the managers with one mutator.
macro_rules! one_mutator_laws {
    ($($law:ident),* $(,)?) => {
        mod one_mutator {
            use super::*;
            one_mutator_managers!(tests_of { $($law)* });
        }
    };
}

/// Tests of these laws under the managers with many.
macro_rules! threaded_laws {
    ($($law:ident),* $(,)?) => { threaded_managers!(tests_of { $($law)* }); };
}

#[path = "contract/trial.rs"]
mod trial;

#[path = "contract/allocation.rs"]
mod allocation;
#[path = "contract/blocks.rs"]
mod blocks;
#[path = "contract/cc.rs"]
mod cc;
#[path = "contract/collections.rs"]
mod collections;
#[path = "contract/death.rs"]
mod death;
#[path = "contract/dynamic.rs"]
mod dynamic;
#[path = "contract/fields.rs"]
mod fields;
#[path = "contract/limits.rs"]
mod limits;
#[path = "contract/listing.rs"]
mod listing;
#[path = "contract/programs.rs"]
mod programs;
#[path = "contract/release.rs"]
mod release;
#[path = "contract/sessions.rs"]
mod sessions;
#[path = "contract/threads.rs"]
mod threads;
#[path = "contract/weak_maps.rs"]
mod weak_maps;
