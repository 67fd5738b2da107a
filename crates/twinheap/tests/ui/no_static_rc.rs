//! E0277: nor around sharing
#![forbid(unsafe_code)]
use twinheap::Trace;

#[derive(Trace)]
struct Bad(#[trace(static)] std::rc::Rc<u8>);
fn main() {}
