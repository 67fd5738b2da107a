//! serde's face: as for `Rc`, sharing is lost.  (The feature is on in the crate's own tests.)

use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use twinheap::{
    Cc, Trace,
    cc::{Leaf, Weak},
};

#[derive(Serialize, Deserialize, Trace, Debug, PartialEq)]
struct Tree {
    name: Cc<str>,
    kids: RefCell<Vec<Cc<Tree>>>,
    numbers: Cc<[u32]>,
    leaf: Leaf<(u8, char)>,
    maybe: Option<Cc<Cell<bool>>>,
}

#[test]
fn there_and_back() {
    let shared = Cc::new(Tree {
        name: "kid".into(),
        kids: RefCell::default(),
        numbers: Cc::from([1, 2]),
        leaf: Leaf((1, 'x')),
        maybe: None,
    });
    let tree = Cc::new(Tree {
        name: shared.name.clone(),
        kids: RefCell::new(vec![shared.clone(), shared]),
        numbers: Cc::default(),
        leaf: Leaf((2, 'y')),
        maybe: Some(Cc::new(Cell::new(true))),
    });
    let text = serde_json::to_string(&tree).unwrap();
    let kid = r#"{"name":"kid","kids":[],"numbers":[1,2],"leaf":[1,"x"],"maybe":null}"#;
    assert_eq!(text, format!(r#"{{"name":"kid","kids":[{kid},{kid}],"numbers":[],"leaf":[2,"y"],"maybe":true}}"#));
    let back: Cc<Tree> = serde_json::from_str(&text).unwrap();
    assert_eq!(back, tree);
    assert!(Cc::ptr_eq(&tree.kids.borrow()[0], &tree.kids.borrow()[1]));
    assert!(!Cc::ptr_eq(&back.kids.borrow()[0], &back.kids.borrow()[1]), "shared once, two now");
    assert!(serde_json::from_str::<Cc<[u32]>>("[1, -1]").is_err());
}

#[test]
fn a_weak_handle_is_its_target_or_nothing() {
    let a = Cc::new(5u32);
    let weak = Cc::downgrade(&a);
    assert_eq!(serde_json::to_string(&weak).unwrap(), "5");
    drop(a);
    assert_eq!(serde_json::to_string(&weak).unwrap(), "null");
    for text in ["5", "null"] {
        assert!(serde_json::from_str::<Weak<u32>>(text).unwrap().upgrade().is_none());
    }
    assert!(serde_json::from_str::<Weak<u32>>("\"x\"").is_err());
}
