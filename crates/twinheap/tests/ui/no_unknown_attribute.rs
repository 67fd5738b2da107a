//! unknown or a kind is or the orders are: what is not known is refused
#![forbid(unsafe_code)]
use twinheap::Trace;

#[derive(Trace)]
#[trace(finalise)]
struct Bad(u8);
#[derive(Trace)]
struct Worse(#[trace(statik)] u8);
#[derive(Trace)]
#[trace(kind = weaf)]
struct Worst(u8);
#[derive(Trace)]
#[trace(release = "sideways")]
struct Odd(u8);
fn main() {}
