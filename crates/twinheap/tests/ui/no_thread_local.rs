//! lifetime may not live long enough: nor by a thread local
#![forbid(unsafe_code)]
#[path = "support/node.rs"]
mod support;
use support::*;

thread_local!(static KEPT: std::cell::RefCell<Vec<Box<dyn std::any::Any>>> = Default::default());
fn main() {
    mutator().mutate(|_, root| KEPT.with(|kept| kept.borrow_mut().push(Box::new(root.clone()))));
}
