//! E0391: two types that own each other: one says `recursive`
#![forbid(unsafe_code)]
use twinheap::{Manager, Null, Slot, Trace};

#[derive(Trace)]
struct Statement<'gc, M: Manager>(Option<Box<Expression<'gc, M>>>, Slot<'gc, u8, M>);
#[derive(Trace)]
struct Expression<'gc, M: Manager>(Option<Box<Statement<'gc, M>>>, Slot<'gc, u8, M>);
const _: bool = <Statement<'static, Null> as Trace<'static, Null>>::NEEDS_TRACE;
fn main() {}
