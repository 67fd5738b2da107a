//! What `#[derive(Trace)]` makes of types: constants, looks, identities.  Types it must refuse are in `tests/ui`.
#![forbid(unsafe_code)]

use std::{
    any::TypeId,
    cell::{Cell, OnceCell, RefCell},
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque},
    marker::PhantomData,
    rc::Rc,
    sync::Arc,
};
use twinheap::{
    ByAddress, Cc, Config, Finalize, Gc, GcAny, GcCell, GcOnce, GcStr, GcWeak, Heap, Lifo, Local, Manager, Mutation,
    Null, RefCount, Rootable, Slot, Static, Storage, TextByte, Trace, Val, ValSlot, WeakBox,
    cc::{self, Leaf},
    derive::{DropKind, Kind},
};

#[derive(Trace)]
struct Unit;
#[derive(Trace)]
struct Plain {
    a: u32,
    b: String,
}
#[derive(Trace)]
struct Generic<A, B: Clone = u8>(A, B);
#[derive(Trace)]
struct Node<'gc, M: Manager> {
    next: Slot<'gc, Node<'gc, M>, M>,
    kids: GcCell<Vec<Gc<'gc, Node<'gc, M>, M>>, M>,
    value: ValSlot<'gc, M>,
}
#[derive(Trace)]
enum Expr<'gc, M>
where
    M: Manager,
{
    Nothing,
    Number(i64),
    Name { text: String, slot: Slot<'gc, Node<'gc, M>, M> },
    Pair(Box<Expr<'gc, M>>, Box<Self>),
    Many(Vec<(u8, Option<Expr<'gc, M>>)>, HashMap<u32, Expr<'gc, M>>),
}
#[derive(Trace)]
enum Empty {}
#[derive(Trace)]
enum Tree {
    Leaf(String),
    Inner(Vec<Tree>),
}
/// Owns itself with other arguments: what these hold is not what its own do.
#[derive(Trace)]
struct Poly<'gc, T, M: Manager> {
    value: T,
    next: Option<Box<Poly<'gc, Gc<'gc, u64, M>, M>>>,
}
#[derive(Trace)]
struct PolyLeaf<T, A> {
    value: T,
    next: Option<Box<PolyLeaf<A, A>>>,
}
/// Owns itself with the same.
#[derive(Trace)]
struct Same<T, const N: usize> {
    value: [T; N],
    next: Option<Box<Same<T, N>>>,
}
/// Owns itself in a cell.
#[derive(Trace)]
struct Celled<T, M: Manager> {
    value: T,
    kids: GcCell<Vec<Celled<T, M>>, M>,
}
#[derive(Trace)]
struct Mutual {
    #[trace(recursive)]
    other: Vec<Other>,
}
#[derive(Trace)]
struct Other {
    back: Option<Box<Mutual>>,
}
#[derive(Trace)]
struct Array<T, const N: usize> {
    items: [T; N],
}
#[derive(Trace)]
struct Files<T> {
    #[trace(static)]
    file: Option<std::fs::File>,
    #[trace(static)]
    of: std::marker::PhantomData<fn(T)>,
}
#[derive(Trace)]
#[trace(gc = 'a, manager = N)]
struct Named<'a, N: Manager> {
    any: GcAny<'a, N>,
}
#[derive(Trace)]
#[trace(manager = Null)]
struct Fixed<'gc> {
    next: Slot<'gc, Fixed<'gc>, Null>,
}
#[derive(Trace)]
#[trace(kind = internal)]
struct Part<'gc, M: Manager>(Slot<'gc, Unit, M>);
#[derive(Trace)]
#[trace(kind = container)]
struct Whole;
#[derive(Trace)]
#[trace(kind = leaf)]
struct Dead(u8);
#[derive(Trace)]
#[trace(finalize)]
struct Last<'gc, M: Manager>(Slot<'gc, Unit, M>);
impl<'gc, M: Manager> Finalize<'gc, M> for Last<'gc, M> {
    fn finalize(_: &Gc<'gc, Self, M>, _: &'gc Mutation<'gc, M>) {}
}

fn facts<'gc, T: Trace<'gc, Null>>() -> (bool, DropKind, Kind) {
    (T::NEEDS_TRACE, T::DROP, T::KIND)
}

#[test]
fn constants() {
    use DropKind::*;
    use Kind::*;
    assert_eq!(facts::<Unit>(), (false, None, Leaf));
    assert_eq!(facts::<Plain>(), (false, Benign, Leaf));
    assert_eq!(facts::<Generic<u8>>(), (false, None, Leaf));
    assert_eq!(facts::<Generic<Slot<'_, Unit, Null>, String>>(), (true, Benign, Container));
    assert_eq!(facts::<Node<'_, Null>>(), (true, Benign, Container));
    assert_eq!(facts::<Expr<'_, Null>>(), (true, Benign, Container));
    assert_eq!(facts::<Empty>(), (false, None, Leaf));
    assert_eq!(facts::<Tree>(), (false, Benign, Leaf));
    assert_eq!(facts::<Poly<'_, u32, Null>>(), (true, Arbitrary, Container));
    assert_eq!(facts::<PolyLeaf<u32, Static<Note>>>(), (true, Arbitrary, Container));
    assert_eq!(facts::<Same<u8, 2>>(), (false, Benign, Leaf));
    assert_eq!(facts::<Same<Slot<'_, Unit, Null>, 2>>(), (true, Benign, Container));
    assert_eq!(facts::<Mutual>(), (true, Arbitrary, Container));
    assert_eq!(facts::<Other>(), (true, Arbitrary, Container));
    assert_eq!(facts::<Array<String, 3>>(), (false, Benign, Leaf));
    assert_eq!(facts::<Files<std::rc::Rc<u8>>>(), (false, Arbitrary, Leaf));
    assert_eq!(facts::<Named<'_, Null>>(), (true, None, Container));
    assert_eq!(facts::<Fixed<'_>>(), (true, None, Container));
    assert_eq!(facts::<Part<'_, Null>>(), (true, None, Internal));
    assert_eq!(facts::<Whole>(), (false, None, Container));
    assert_eq!(facts::<Dead>(), (false, None, Leaf));
    let fixed = [
        <Unit as Trace<'_, Null>>::FIXED,
        <Tree as Trace<'_, Null>>::FIXED,
        <Celled<u8, Null> as Trace<'_, Null>>::FIXED,
        <(Gc<'_, u8, Null>, Tree) as Trace<'_, Null>>::FIXED,
        <Same<Gc<'_, u8, Null>, 2> as Trace<'_, Null>>::FIXED,
    ];
    assert_eq!(fixed, [true; 5]);
    let changing = [
        <Node<'_, Null> as Trace<'_, Null>>::FIXED,
        <Celled<Gc<'_, u8, Null>, Null> as Trace<'_, Null>>::FIXED,
        <Poly<'_, u8, Null> as Trace<'_, Null>>::FIXED,
        <Mutual as Trace<'_, Null>>::FIXED,
    ];
    assert_eq!(changing, [false; 4]);
    assert!(<Last<'_, Null> as Trace<'_, Null>>::FINALIZE.is_some());
    assert!(<Node<'_, Null> as Trace<'_, Null>>::FINALIZE.is_none());
}

struct R;
impl<M: Manager> Rootable<M> for R {
    type Root<'gc> = ();
}

#[derive(Trace)]
enum Wide<'gc, M: Manager> {
    Empty,
    Named { a: Slot<'gc, u32, M>, n: u8, rest: (Val<'gc, M>, [Option<Gc<'gc, u32, M>>; 2]) },
    Tuple(Box<Wide<'gc, M>>, GcCell<Vec<Gc<'gc, u32, M>>, M>),
}

#[test]
fn looks_in_the_declared_order() {
    let heap = Heap::<R, Null>::new(Config::default(), |_| ()).unwrap();
    heap.mutator().unwrap().mutate(|mc, ()| {
        let n: Vec<_> = (0..6).map(|i| Gc::new(mc, i)).collect();
        let named = |i: usize| Wide::Named {
            a: Slot::new(Some(n[i])),
            n: 0,
            rest: (Val::from_gc(n[i + 1]), [None, Some(n[i + 2])]),
        };
        let whole = Gc::new(mc, Wide::Tuple(Box::new(named(0)), GcCell::new(vec![n[5], n[5]])));
        let mut seen = Vec::new();
        mc.referents(&GcAny::new(whole), |any| seen.push(**any.downcast_ref::<u32>().unwrap()));
        assert_eq!(seen, [0, 1, 2, 5, 5]);
        seen.clear();
        mc.referents(&GcAny::new(Gc::new(mc, Wide::Empty)), |any| seen.push(any.address() as u32));
        assert!(seen.is_empty());
    });
}

struct Note(std::sync::Arc<std::sync::Mutex<Vec<u8>>>, u8);
impl Drop for Note {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(self.1)
    }
}
#[derive(Trace)]
struct Forward(#[trace(static)] Note, #[trace(static)] Note, #[trace(static)] Note);
#[derive(Trace)]
#[trace(release = "reverse")]
struct Backward {
    #[trace(static)]
    a: Note,
    #[trace(static)]
    b: Note,
    #[trace(static)]
    c: Note,
}

#[test]
fn releases_in_the_order_asked_for() {
    let log = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let note = |i| Note(log.clone(), i);
    let order = |make: &dyn Fn(&Mutation<'_, Null>)| {
        let heap = Heap::<R, Null>::new(Config::default(), |mc| make(mc)).unwrap();
        drop(heap);
        std::mem::take(&mut *log.lock().unwrap())
    };
    assert_eq!(order(&|mc| _ = Gc::new(mc, Forward(note(1), note(2), note(3)))), [1, 2, 3]);
    assert_eq!(order(&|mc| _ = Gc::new(mc, Backward { a: note(1), b: note(2), c: note(3) })), [3, 2, 1]);
}

#[test]
fn types_are_told_apart() {
    let heap = Heap::<R, Null>::new(Config::default(), |_| ()).unwrap();
    heap.mutator().unwrap().mutate(|mc, ()| {
        let any = GcAny::new(Gc::new(mc, Generic(1u8, 2u8)));
        assert!(any.is::<Generic<u8, u8>>() && any.downcast_ref::<Generic<u8, u8>>().is_some());
        assert!(!any.is::<Generic<u8, i8>>() && !any.is::<Generic<i8, u8>>() && !any.is::<(u8, u8)>());
        assert!(!GcAny::new(Gc::new(mc, Array { items: [0u8; 3] })).is::<Array<u8, 4>>());
        assert!(any.type_name().contains("Generic"), "{}", any.type_name());
    });
}

#[test]
fn every_shape_can_be_allocated() {
    let heap = Heap::<R, Null>::new(Config::default(), |_| ()).unwrap();
    heap.mutator().unwrap().mutate(|mc, ()| {
        let node = Gc::new(mc, Node { next: Slot::empty(), kids: GcCell::default(), value: ValSlot::default() });
        let name = Expr::Name { text: "x".into(), slot: Slot::new(Some(node)) };
        let pair = Expr::Pair(Box::new(Expr::Nothing), Box::new(Expr::Number(7)));
        let many = Expr::Many(vec![(1, None), (2, Some(name))], HashMap::from([(3, pair)]));
        let many = Gc::new(mc, many);
        let mut seen = 0;
        mc.referents(&GcAny::new(many), |any| {
            assert!(any.is::<Node<'_, Null>>());
            seen += 1
        });
        assert_eq!(seen, 1);
        let Expr::Many(list, map) = &*many else { panic!("it was `Many`") };
        assert!(
            matches!(&list[1].1, Some(Expr::Name { text, slot }) if text == "x" && slot.get().unwrap().ptr_eq(&node))
        );
        assert!(matches!(&map[&3], Expr::Pair(a, b) if matches!(**a, Expr::Nothing) && matches!(**b, Expr::Number(7))));
        let tree = Gc::new(mc, Tree::Inner(vec![Tree::Leaf("a".into()), Tree::Inner(Vec::new())]));
        assert!(matches!(&*tree, Tree::Inner(v) if matches!(&v[0], Tree::Leaf(s) if s == "a")));
        let mutual = Gc::new(mc, Mutual { other: vec![Other { back: None }] });
        assert!(mutual.other[0].back.is_none());
        let plain = Gc::new(mc, Plain { a: 1, b: "b".into() });
        assert_eq!((plain.a, &*plain.b), (1, "b"));
        assert_eq!((Gc::new(mc, Generic(1u8, 2u8)).0, Gc::new(mc, Generic(1u8, 2u8)).1), (1, 2));
        let files = Gc::new(mc, Files::<u8> { file: None, of: std::marker::PhantomData });
        assert!(files.file.is_none() && files.of == std::marker::PhantomData);
        let named = Gc::new(mc, Named { any: GcAny::new(files) });
        assert!(named.any.is::<Files<u8>>());
        assert!(Gc::new(mc, Fixed { next: Slot::empty() }).next.is_empty());
        let unit = Gc::new(mc, Unit);
        assert!(Gc::new(mc, Part(Slot::new(Some(unit)))).0.get().unwrap().ptr_eq(&unit));
        assert!(Gc::new(mc, Last(Slot::new(Some(unit)))).0.get().unwrap().ptr_eq(&unit));
        assert!(GcAny::new(Gc::new(mc, Whole)).is::<Whole>());
        assert_eq!(Gc::new(mc, Dead(9)).0, 9);
        assert!(!node.value.get().is_ref() && node.next.is_empty() && node.kids.borrow().is_empty());
    });
}

/// A type may bear a name that derived code uses itself.
mod names {
    use twinheap::Trace;
    #[derive(Trace)]
    pub struct Sized<T: ?std::marker::Sized>(pub std::marker::PhantomData<fn(Box<T>)>);
    #[derive(Trace)]
    pub struct Option<T>(pub T);
}

#[test]
fn names_do_not_collide() {
    assert!(!facts::<names::Option<u8>>().0);
    let _ = names::Sized::<u8>(std::marker::PhantomData);
}

/// Identities, no two of which may be equal.
fn all_differ(ids: &[(&'static str, TypeId)]) {
    for (i, (name, id)) in ids.iter().enumerate() {
        let same = ids[..i].iter().find(|(_, other)| other == id);
        assert!(same.is_none(), "{name} passes for {}", same.unwrap().0);
    }
}
macro_rules! ids {
    ($m:ty: $($t:ty),* $(,)?) => { [$((stringify!($t), TypeId::of::<<$t as Trace<'static, $m>>::Id>())),*] };
}

/// Types whose identities might be taken for each other's: all that hold one handle, one number, or the like.
#[test]
fn identities_differ() {
    fn of_a_heap<M: Manager>() {
        type Tails<A, B> = twinheap::Tail<A, B>;
        all_differ(&ids!(M:
            u64, (), (u64,), (u64, u64), [u64; 1], [u64; 2], bool, char, &'static str, String, Box<str>,
            Static<u64>, Static<Static<u64>>, Static<Option<u64>>, Static<String>, Arc<u64>, Arc<str>,
            Option<u64>, Result<u64, u64>, Result<u64, u32>, Box<u64>, Box<[u64]>, PhantomData<u64>,
            Vec<u64>, Lifo<u64>, VecDeque<u64>, LinkedList<u64>, BinaryHeap<u64>, BTreeSet<u64>, HashSet<u64>,
            HashMap<u64, u64>, BTreeMap<u64, u64>,
            Gc<'static, u64, M>, Gc<'static, Static<u64>, M>, Gc<'static, Gc<'static, u64, M>, M>,
            Gc<'static, ByAddress<'static, u64, M>, M>,
            ByAddress<'static, u64, M>, ByAddress<'static, Gc<'static, u64, M>, M>,
            Slot<'static, u64, M>, GcOnce<'static, u64, M>, GcWeak<'static, u64, M>, WeakBox<'static, u64, M>,
            GcCell<u64, M>, GcCell<Gc<'static, u64, M>, M>,
            GcAny<'static, M>, Val<'static, M>, ValSlot<'static, M>, GcStr<'static, M>, Storage, TextByte,
            twinheap::GcBytes<'static, M>, twinheap::GcVec<'static, u32, M>, twinheap::GcVec<'static, (), M>,
            twinheap::GcMap<'static, u32, (), M>, twinheap::GcMap<'static, (), u32, M>,
            twinheap::GcWeakMap<'static, u64, u32, M>, twinheap::GcWeakMap<'static, u32, u32, M>,
            twinheap::ByValue<'static, u64, M>,
            Gc<'static, Tails<(), u8>, M>, Tails<(), u8>, Tails<(), TextByte>, Tails<u8, ()>, Tails<u64, u64>,
            Tails<Storage, u64>, Unit, Generic<u64>, Generic<u64, u64>, Array<u64, 1>, Array<u64, 2>, Whole,
            Node<'static, M>, Expr<'static, M>, Part<'static, M>, Last<'static, M>, names::Option<u64>,
        ));
    }
    of_a_heap::<Null>();
    of_a_heap::<RefCount>();
    all_differ(&ids!(Local:
        u64, Static<u64>, Leaf<u64>, Leaf<Static<u64>>, Static<Static<u64>>, Rc<u64>, Arc<u64>, Box<u64>, Cc<u64>,
        cc::Weak<u64>, Cc<Cc<u64>>, Cell<u64>, RefCell<u64>, OnceCell<u64>, Option<u64>, Rc<str>, Box<str>, Leaf<Rc<u64>>,
        Leaf<Cc<u64>>, Cell<Cc<u64>>, RefCell<Cc<u64>>, OnceCell<Cc<u64>>, GcCell<u64, Local>, WeakBox<'static, u64, Local>,
    ));
}

/// What a type's field is, said by another type.
trait Says {
    type Field;
}
impl<T, M: Manager> Says for Gc<'_, T, M> {
    type Field = usize;
}
impl<T, M: Manager> Says for ByAddress<'_, T, M> {
    type Field = Box<u8>;
}
impl<T, M: Manager> Says for Slot<'_, T, M> {
    type Field = u32;
}
impl<T, M: Manager> Says for GcOnce<'_, T, M> {
    type Field = char;
}
#[derive(Trace)]
struct Told<'gc, P: Says, M: Manager> {
    #[trace(static)]
    field: P::Field,
    of: PhantomData<(P, Gc<'gc, u8, M>)>,
}

#[test]
fn no_type_passes_for_another_by_an_associated_type() {
    fn under<M: Manager>() {
        let heap = Heap::<R, M>::new(Config::default(), |_| ()).unwrap();
        heap.mutator().unwrap().mutate(|mc, ()| {
            let told = GcAny::new(Gc::new(mc, Told::<Gc<'_, u8, M>, M> { field: 16, of: PhantomData }));
            assert_eq!(told.downcast_ref::<Told<'_, Gc<'_, u8, M>, M>>().unwrap().field, 16);
            assert!(!told.is::<Told<'_, ByAddress<'_, u8, M>, M>>());
            let told = GcAny::new(Gc::new(mc, Told::<Slot<'_, u8, M>, M> { field: u32::MAX, of: PhantomData }));
            assert!(!told.is::<Told<'_, GcOnce<'_, u8, M>, M>>());
        });
    }
    under::<Null>();
    under::<RefCount>();
}

#[test]
fn what_another_instance_holds_is_found() {
    let heap = Heap::<R, RefCount>::new(Config::default(), |_| ()).unwrap();
    heap.mutator().unwrap().mutate(|mc, ()| {
        let inner = Poly { value: Gc::new(mc, 7u64), next: None };
        let whole = GcAny::new(Gc::new(mc, Poly { value: 1u32, next: Some(Box::new(inner)) }));
        let mut seen = Vec::new();
        mc.referents(&whole, |any| seen.push(**any.downcast_ref::<u64>().unwrap()));
        assert_eq!(seen, [7]);
        let whole = whole.downcast::<Poly<'_, u32, RefCount>>().ok().unwrap();
        assert_eq!((whole.value, *whole.next.as_ref().unwrap().value), (1, 7));
        let leaf =
            PolyLeaf::<u32, String> { value: 1, next: Some(Box::new(PolyLeaf { value: "x".into(), next: None })) };
        assert_eq!((leaf.value, &*leaf.next.unwrap().value), (1, "x"));
        let same = Same { value: [1u8], next: Some(Box::new(Same { value: [2], next: None })) };
        assert_eq!((same.value, same.next.unwrap().value), ([1], [2]));
    });
}
