//! E0080: `cc::Finalize` alone makes no finalizer, and gives no way to a handle without its pin.
use twinheap::{Cc, Gc, Local, Mutation, Trace, cc};

#[derive(Trace)]
#[trace(manager = Local)]
struct Pinned(u8);
impl cc::Finalize for Pinned {
    fn finalize(_: &Cc<Pinned>) {}
}
fn unpin<'gc>(pinned: &Gc<'gc, Pinned, Local>, mc: &'gc Mutation<'gc, Local>) {
    <Pinned as twinheap::Finalize<'gc, Local>>::finalize(pinned, mc)
}
fn main() {
    let _: for<'gc> fn(&Gc<'gc, Pinned, Local>, &'gc Mutation<'gc, Local>) = unpin;
}
