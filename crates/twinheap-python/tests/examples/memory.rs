//! `tracemalloc`, and what `sys` says about memory: laws under every manager. What CPython prints too is in
//! `cpython/tracemalloc/` and `cpython/sys/`.

use super::support::{err, examples, out, run, script};
use std::path::{Path, PathBuf};

const MANAGERS: [&str; 3] = ["refcount", "tricolor", "null"];

/// Runs a script that says nothing on standard error and ends well; what it printed.
fn said(manager: &str, name: &str, text: &str) -> String {
    let o = run(manager, &script(name, text), &[], &[]);
    assert_eq!((err(&o), o.status.code()), (String::new(), Some(0)), "{name} under {manager}: {}", out(&o));
    out(&o)
}

/// Every sort of container changed in every way there is: after each step, what is charged is what the heap holds.
const CHANGES: &str = r#"
import tracemalloc as t, collections
old_list, old_dict, old_set = [1], {1: 1}, {1}
t.start(2)
def check(what):
    wrong = t._check()
    if wrong:
        print("after", what, wrong)
steps = """
l = []
for i in range(500): l.append(str(i) + "x")
l.insert(3, [1])
l.extend(range(1000))
l.extend(str(i) for i in range(100))
l += [1] * 300
l *= 2
l[3:400] = [7] * 900
del l[10:200]
del l[::3]
l[5:5] = range(50)
l = sorted(l, key=str)
l.sort(key=str, reverse=True)
m = [3.5, 2.5, 1.5] * 100; m.sort()
m.reverse(); n = m.copy(); n = m[2:90]; n = m + n; n = m[::2]
while len(l) > 10: l.pop()
l.clear()
l.__init__(range(40))
l = [i for i in range(300)]; a, *b = l; c = [*l, *b]
d = {}
for i in range(500): d[str(i)] = i
for i in range(0, 500, 2): del d[str(i)]
for i in range(500, 900): d[i] = str(i)
d.update({i: i for i in range(1000, 1200)}); d.update(x=1, y=2); d |= {"z": 3}
e = {**d, "more": 1}; f = d.copy(); g = dict(d); h = dict.fromkeys(range(100))
d.setdefault("new", []).append(1); d.pop("x"); d.popitem()
d.clear()
for i in range(20): d[i] = i
s = set()
for i in range(500): s.add(i)
s.update(range(400, 900)); s |= {1000, 1001}; s &= set(range(600)); s -= {5}; s ^= set(range(20))
s.difference_update(range(50)); s.intersection_update(range(300)); s.symmetric_difference_update([1, 2])
u = s | {3}; v = s.copy(); w = frozenset(s); x = {i for i in range(100)}; s.clear(); s.add(1)
o = collections.OrderedDict((i, i) for i in range(30)); o.move_to_end(3); o.move_to_end(20, last=False)
q = collections.deque(range(50)); q.append(1); q.popleft(); c = collections.Counter("abracadabra")
class A: pass
a = A(); a.x = 1; a.__dict__["y"] = 2; a.z = [1]
for i in range(50): setattr(a, "name%d" % i, i)
class L(list): pass
k = L(range(10)); k.append(3); k.extend([1] * 50); k.note = 1
class D(dict): pass
k = D(a=1); k["b"] = 2; k.update({i: i for i in range(50)})
big = 3 ** 2000; big = big * big; big -= 1
tt = tuple(l) + (1, 2); tt = tt * 3
st = "ab" * 5000; st += "c"; by = st.encode() * 2
def gen():
    yield [1]
    yield {2: 3}
kept = list(gen()) + list(map(str, range(50))) + list(zip(range(9), range(9)))
old_list.extend(range(100)); old_dict.update({i: i for i in range(100)}); old_set.update(range(100))
old_list.clear(); old_dict.clear(); old_set.clear()
try: raise ValueError([1] * 100)
except ValueError as e: err = e
global_name_1 = 1; global_name_2 = 2
"""
"#;

#[test]
fn what_is_charged_is_what_the_heap_holds() {
    // No `exec` here: the steps become lines of the program, each block followed by a check.
    let (head, steps) = CHANGES.split_once("steps = \"\"\"\n").expect("the steps");
    let steps = steps.split_once("\"\"\"").expect("their end").0;
    let mut text = head.to_owned();
    let mut block = String::new();
    let lines: Vec<&str> = steps.lines().collect();
    for (i, line) in lines.iter().enumerate() {
        block += line;
        block.push('\n');
        let goes_on = lines.get(i + 1).is_some_and(|next| next.starts_with([' ', '\t']) || next.starts_with("except"));
        if !goes_on {
            text += &std::mem::take(&mut block);
            text += &format!("check({line:?})\n");
        }
    }
    text += "rows = t.take_snapshot().traces\nprint(sum(row.size for row in rows) <= t.get_traced_memory()[0])\n";
    for manager in MANAGERS {
        assert_eq!(said(manager, "changes.py", &text), "True\n", "{manager}");
    }
}

/// Garbage that is kept is charged to whoever asked for the collection; `gc.garbage` grows like any list.
#[test]
fn saved_garbage_is_charged() {
    let text = "
import tracemalloc as t, gc
t.start()
gc.set_debug(gc.DEBUG_SAVEALL)
for i in range(300):
    a = []
    a.append(a)
del a
gc.collect()
print(len(gc.garbage) >= 299, t._check())
print(max(row[1] for row in t._get_traces()) >= 299 * 8)
gc.garbage.clear()
gc.set_debug(0)
gc.collect()
print(t._check())
";
    for manager in ["refcount", "tricolor"] {
        assert_eq!(said(manager, "saved.py", text), "True 0\nTrue\n0\n");
    }
}

/// The sum of what a snapshot lists is the figure; a shape made and dropped leaves the sum where it was, to the byte.
#[test]
fn sums_return_to_the_start() {
    let text = "
import tracemalloc as t, gc
def shape(n):
    class Node:
        def __init__(self, *kids):
            self.kids = list(kids)
            self.names = {str(i): [i] for i in range(n)}
            self.seen = {3.5 * i for i in range(n)}
    a = Node()
    b = Node(a, Node())
    a.kids.append(b)
    gc.collect()
def turn(n):
    shape(n)
    gc.collect()
    gc.collect()
t.start(3)
turn(20)
t.clear_traces()
sizes = []
for n in (20, 50, 20, 10, 3):
    turn(n)
    sizes.append(t.get_traced_memory()[0])
print(len(set(sizes[1:])) == 1, max(sizes) < 3000)
rows = t._get_traces()
n = sum(row[1] for row in rows)
before = t.get_traced_memory()[0]
print(n < before, t._check())
t.clear_traces()
print(t.get_traced_memory()[0] < 1000)
t.stop()
";
    assert_eq!(said("refcount", "sums.py", text), "True True\nTrue 0\nTrue\n");
}

/// Under a manager that releases later a trace lasts as long as its block: until it has been swept.
#[test]
fn tricolor_charges_until_the_sweep() {
    let text = "
import tracemalloc as t, gc
class A: pass
t.start()
def drop(n):
    kept = [A() for i in range(n)]
def traces():
    return len([row for row in t._get_traces() if row[2][0][1] == 6])
drop(1000)
print(traces() >= 1000)
gc.collect()
gc.collect()
print(traces() < 10, t._check())
drop(1000)
print(traces() >= 1000, t._check())
";
    assert_eq!(said("tricolor", "until.py", text), "True\nTrue 0\nTrue 0\n");
    assert_eq!(said("null", "until.py", text), "True\nFalse 0\nTrue 0\n");
}

/// The loop that traces is the same loop: every script prints what it prints without, and the charges are right after it.
#[test]
fn tracing_changes_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let programs: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("scripts/ is there")
        .map(|e| e.expect("readable").path())
        .filter(|p| p.extension().is_some_and(|x| x == "py"))
        .chain(
            ["cycle", "lists", "refcount", "files_with", "atexit_cleanup"]
                .map(|n| examples().join(n).with_extension("py")),
        )
        .collect();
    assert!(programs.len() > 10);
    for program in programs {
        let name = program.file_name().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&program).expect("readable");
        let want = std::fs::read_to_string(program.with_extension("out")).expect("an expected output");
        let counted = name.starts_with("release") || program.starts_with(examples());
        let managers: &[&str] = if counted { &["refcount"] } else { &MANAGERS };
        for manager in managers {
            let traced = format!(
                "import tracemalloc; tracemalloc.start(4)\n{text}\nimport tracemalloc\nif tracemalloc._check(): raise \
                 SystemExit('charges differ')\n"
            );
            let o = run(manager, &script(&format!("traced_{name}"), &traced), &[], &[]);
            assert_eq!(out(&o), want, "{name} under {manager}: {}", err(&o));
            assert!(!err(&o).contains("charges differ"), "{name} under {manager}");
        }
    }
}

/// Begun and ended anywhere: in a callback that runs nested, in a generator, in a finalizer, again and again.
#[test]
fn tracing_begins_and_ends_anywhere() {
    let text = "
import tracemalloc as t
class Begins:
    def __eq__(self, other):
        t.start()
        self.made = [1, 2, 3]
        return True
    __hash__ = None
class Ends:
    def __del__(self):
        t.stop()
b = Begins()
print([b] == [5], t.is_tracing())
held = [4, 5]
print(t.get_object_traceback(held) is not None, t._check())
e = Ends()
del e
print(t.is_tracing())
def gen():
    t.start()
    yield ['a' * 20]
    t.stop()
    yield 2
for v in gen():
    print(v, t.is_tracing())
for i in range(2000):
    t.start()
    t.stop()
print(t.is_tracing(), t.get_traced_memory())
print(list(map(lambda n: t.start(n), [3])), t.get_traceback_limit(), t.is_tracing())
t.stop()
";
    let want = "True True\nTrue 0\nFalse\n['aaaaaaaaaaaaaaaaaaaa'] True\n2 False\nFalse (0, 0)\n[None] 3 True\n";
    assert_eq!(said("refcount", "anywhere.py", text), want);
    let later = text.replace("del e\n", "del e\nt.stop()\n");
    assert_eq!(said("tricolor", "anywhere_later.py", &later), want);
}

/// A limit that is met while tracing is a `MemoryError` all the same, and the charges are right after it.
#[test]
fn a_limit_is_met_while_tracing() {
    let text = "
import tracemalloc as t
t.start(2)
held = []
try:
    while True:
        held.append(['x' * 1000, {1: 2}])
except MemoryError:
    n = len(held)
    held = None
print(n > 1000, t._check())
";
    for manager in ["refcount", "tricolor"] {
        let o = run(manager, &script("limit.py", text), &[], &[("MAX_HEAP", "16000000")]);
        assert_eq!(out(&o), "True 0\n", "{manager}: {}", err(&o));
    }
}

/// Blocks are counted one by one.
#[test]
fn allocated_blocks_are_exact() {
    let text = "
import sys
class A:
    __slots__ = ()
def blocks():
    return sys.getallocatedblocks()
held = [None] * 1000
start = blocks()
for i in range(1000):
    held[i] = A()
print(blocks() - start)
for i in range(500):
    held[i] = None
print(blocks() - start)
held[0] = [1, 2, 3]
print(blocks() - start)
for i in range(1000):
    held[i] = None
print(blocks() - start)
";
    assert_eq!(said("refcount", "blocks.py", text), "1000\n500\n501\n0\n");
    let null = said("null", "blocks.py", text);
    let grown: Vec<usize> = null.lines().map(|l| l.parse().expect("a number")).collect();
    assert!(grown.is_sorted() && grown[0] >= 1000, "{grown:?}");
}

/// The ladder's bytes add up to what is mapped, under every manager; and it goes to standard error.
#[test]
fn the_ladder_adds_up() {
    let text = "
import sys
held = [[i] for i in range(10000)] + ['x' * 100000]
del held[::3]
sys._debugmallocstats()
print('after')
";
    for manager in MANAGERS {
        let o = run(manager, &script("ladder.py", text), &[], &[]);
        let ladder = err(&o);
        assert_eq!((out(&o).as_str(), o.status.code()), ("after\n", Some(0)), "{ladder}");
        let number = |label: &str| -> usize {
            let line = ladder.lines().find(|l| l.starts_with(label)).unwrap_or_else(|| panic!("{label}: {ladder}"));
            line.rsplit(' ').next().expect("a number").replace(',', "").parse().expect("a number")
        };
        let parts = ["# bytes in allocated", "# bytes in available", "# bytes in idle", "# bytes in spans"];
        let sum: usize = parts
            .iter()
            .chain(&["# bytes in their headers", "# bytes stranded", "# bytes of metadata"])
            .map(|l| number(l))
            .sum();
        assert_eq!((sum, number("Total")), (number("# bytes mapped"), number("# bytes mapped")), "{manager}");
        assert!(number("# bytes in large objects") >= 100_000 && number("# bytes outside the heap") > 10_000);
        // The lines of the size classes, and the large objects, are the allocated blocks.
        let rows: Vec<Vec<usize>> = ladder
            .lines()
            .map(|l| l.split_whitespace().map_while(|w| w.parse().ok()).collect::<Vec<usize>>())
            .filter(|r| r.len() == 5)
            .collect();
        assert!(rows.len() > 5 && rows.iter().enumerate().all(|(i, r)| r[0] == i), "{manager}: {ladder}");
        let live: usize = rows.iter().map(|r| r[1] * r[3]).sum();
        let allocated = number("# bytes in allocated") + number("# bytes in their headers");
        assert_eq!(live + number("# bytes in large objects"), allocated, "{manager}: {ladder}");
    }
}

/// Nothing is counted: two, whatever it is.
#[test]
fn tracing_managers_answer_two() {
    let text =
        "import sys\na = []\nb = [a, a]\nprint(sys.getrefcount(a), sys.getrefcount(None), sys.getrefcount(int))\n";
    for manager in ["tricolor", "null"] {
        assert_eq!(said(manager, "two.py", text), "2 2 2\n");
    }
}

/// Sizes are what the heap has spent: a block's bytes, header included, and the buffers behind it.
#[test]
fn sizes_are_what_the_heap_spends() {
    let text = "
import sys, tracemalloc as t
t.start()
def each(n):
    yield lambda: [1, 2, 3] * n
    yield lambda: {i: i for i in range(n)}
    yield lambda: {i for i in range(n)}
    yield lambda: 'text' * n
    yield lambda: b'byte' * (300 * n)
    yield lambda: (1, 2) * n
    yield lambda: 7 ** (30 * n)
    yield lambda: object()
for make in each(100):
    t.clear_traces()
    made = make()
    start = t.get_traced_memory()[0]
    n = sys.getsizeof(made)
    made = None
    freed = start - t.get_traced_memory()[0]
    print(freed - n, end=' ')
print()
";
    // All but what was made on the way: nothing of it lives.
    assert_eq!(said("refcount", "sizes.py", text), "0 0 0 0 0 0 0 0 \n");
}
