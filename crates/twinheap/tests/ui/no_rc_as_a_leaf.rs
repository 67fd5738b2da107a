//! E0277: `Rc` is no leaf, `Static` or not
#![forbid(unsafe_code)]
use twinheap::Static;

const _: Option<Static<std::rc::Rc<u8>>> = None;
fn main() {}
