//! From labels to instruction indices: dead code goes, locals that are certainly bound are read without a check, neighbours
//! are fused, caches are numbered, the exception table is written.
//!
//! Each pass is a function; `finish` runs them in order. What fusing means is said in `bytecode.rs`.

use super::emit::{Assembler, CoverId};
use crate::bytecode::{CodeObject, Handler, Instr, JUMP_IF_TRUE, Loc, NO_CACHE, Op};

/// Above this many words of analysis state the check on locals simply stays.
const MAX_STATE_WORDS: usize = 16 << 20;

/// Fill in `code`, `locs`, `handlers`, `max_stack`, `cache_count`, `consts` and `names`.
pub fn finish(asm: &mut Assembler, out: &mut CodeObject) {
    thread_jumps(asm);
    let live = reachable(asm);
    let targets = jump_targets(asm, &live);
    mark_bound(asm, out, &live, &targets);
    let fused = fuse(asm, &live, &targets);
    write(asm, fused, out);
    (out.consts, out.names) = asm.take_tables();
    out.max_stack = asm.max_height as u32;
}

fn target(asm: &Assembler, label: u32) -> usize {
    asm.places[label as usize].expect("label placed") as usize
}

/// A jump to a jump goes where that goes.
fn thread_jumps(asm: &mut Assembler) {
    for i in 0..asm.code.len() {
        if !asm.code[i].is_jump() || matches!(asm.code[i].op, Op::ForIter) {
            continue;
        }
        for _ in 0..8 {
            let t = target(asm, asm.code[i].arg);
            match asm.code.get(t) {
                // a backward jump stays the only way back: it is where a pause is looked for
                Some(j) if j.op == Op::Jump && target(asm, j.arg) > t && t > i => asm.code[i].arg = j.arg,
                _ => break,
            }
        }
    }
}

fn reachable(asm: &Assembler) -> Vec<bool> {
    let mut live = vec![false; asm.code.len()];
    let mut seen_cover = vec![false; asm.covers.len()];
    let mut todo = vec![0];
    while let Some(mut i) = todo.pop() {
        while i < live.len() && !live[i] {
            live[i] = true;
            if let Some(c) = asm.covered[i]
                && !std::mem::replace(&mut seen_cover[c as usize], true)
            {
                todo.push(target(asm, asm.covers[c as usize].label.0));
            }
            let ins = asm.code[i];
            if ins.is_jump() {
                todo.push(target(asm, ins.arg));
            }
            if ins.ends_block() {
                break;
            }
            i += 1;
        }
    }
    live
}

fn jump_targets(asm: &Assembler, live: &[bool]) -> Vec<bool> {
    let mut is_target = vec![false; asm.code.len() + 1];
    for (i, ins) in asm.code.iter().enumerate() {
        if !live[i] {
            continue;
        }
        if ins.is_jump() {
            is_target[target(asm, ins.arg)] = true;
        }
        if let Some(c) = asm.covered[i] {
            is_target[target(asm, asm.covers[c as usize].label.0)] = true;
        }
    }
    is_target
}

/// Turn `LoadFastCheck` into `LoadFast` where every way to it binds the slot: forward data flow over basic blocks, the
/// state being the set of bound locals, intersected where ways meet.
fn mark_bound(asm: &mut Assembler, out: &CodeObject, live: &[bool], targets: &[bool]) {
    let nlocals = out.nlocals();
    let words = nlocals.div_ceil(64);
    let leaders = targets.iter().filter(|t| **t).count() + 1;
    if words == 0 || leaders * words > MAX_STATE_WORDS {
        return;
    }
    let mut entry: Vec<u64> = vec![0; words];
    for p in 0..out.nparams() {
        entry[p / 64] |= 1 << (p % 64);
    }
    let mut states: Vec<Option<Vec<u64>>> = vec![None; asm.code.len() + 1];
    let mut todo = vec![0usize];
    states[0] = Some(entry);

    fn meet(states: &mut [Option<Vec<u64>>], todo: &mut Vec<usize>, at: usize, with: &[u64]) {
        match &mut states[at] {
            Some(s) => {
                let mut changed = false;
                for (a, b) in s.iter_mut().zip(with) {
                    changed |= *a & !*b != 0;
                    *a &= *b;
                }
                if changed {
                    todo.push(at);
                }
            }
            none => {
                *none = Some(with.to_vec());
                todo.push(at);
            }
        }
    }

    while let Some(start) = todo.pop() {
        let Some(mut state) = states[start].clone() else { continue };
        let mut i = start;
        let mut told: Option<CoverId> = None; // the handler that knows a state no larger than this one
        loop {
            if i >= asm.code.len() || !live[i] {
                break;
            }
            if i != start && (targets[i]) {
                meet(&mut states, &mut todo, i, &state);
                break;
            }
            if asm.covered[i] != told {
                told = asm.covered[i];
                if let Some(c) = told {
                    let t = target(asm, asm.covers[c as usize].label.0);
                    meet(&mut states, &mut todo, t, &state);
                }
            }
            let ins = asm.code[i];
            let (slot, binds) = match ins.op {
                Op::StoreFast => (Some(ins.arg), true),
                // a check that succeeds says as much as a store
                Op::LoadFastCheck | Op::LoadFast => (Some(ins.arg), true),
                Op::DeleteFast | Op::ClearFast => (Some(ins.arg), false),
                Op::MakeCell if ins.a != 0 => (Some(ins.a as u32 - 1), false),
                _ => (None, false),
            };
            if let Some(slot) = slot.map(|s| s as usize).filter(|s| *s < nlocals) {
                let bit = 1u64 << (slot % 64);
                if matches!(ins.op, Op::LoadFastCheck | Op::LoadFast) {
                    let bound = state[slot / 64] & bit != 0;
                    asm.code[i].op = if bound { Op::LoadFast } else { Op::LoadFastCheck };
                }
                if binds {
                    state[slot / 64] |= bit;
                } else {
                    state[slot / 64] &= !bit;
                    told = None;
                }
            }
            if ins.is_jump() {
                meet(&mut states, &mut todo, target(asm, ins.arg), &state);
            }
            if ins.ends_block() {
                break;
            }
            i += 1;
        }
    }
}

/// One instruction of the result and where it comes from.
struct Out {
    ins: Instr,
    loc: Loc,
    cover: Option<CoverId>,
}

struct Fused {
    out: Vec<Out>,
    /// Old index to new.
    map: Vec<u32>,
}

fn fuse(asm: &Assembler, live: &[bool], targets: &[bool]) -> Fused {
    let n = asm.code.len();
    let mut out: Vec<Out> = Vec::with_capacity(n);
    let mut map = vec![0u32; n + 1];
    let mut i = 0;
    while i < n {
        map[i] = out.len() as u32;
        let skip = !live[i]
            || asm.code[i].op == Op::Nop
            || (asm.code[i].op == Op::Jump && target(asm, asm.code[i].arg) > i && {
                let t = target(asm, asm.code[i].arg);
                (i + 1..t).all(|j| !live[j] || asm.code[j].op == Op::Nop)
            });
        if skip {
            i += 1;
            continue;
        }
        let (ins, used) = pattern(asm, live, targets, i);
        // the last instruction taken is the one that can fail
        let loc = asm.locs[i + used - 1];
        map[i..i + used].fill(out.len() as u32);
        out.push(Out { ins, loc, cover: asm.covered[i] });
        i += used;
        if ins.op == Op::ForIterFast {
            // its tail must stay what it is: one instruction that only stores
            map[i] = out.len() as u32;
            out.push(Out { ins: asm.code[i], loc: asm.locs[i], cover: asm.covered[i] });
            i += 1;
        }
    }
    map[n] = out.len() as u32;
    Fused { out, map }
}

/// The instruction to emit for what begins at `i`, and how many it replaces.
fn pattern(asm: &Assembler, live: &[bool], targets: &[bool], i: usize) -> (Instr, usize) {
    use Op::*;
    let at = |k: usize| -> Option<Instr> {
        let j = i + k;
        (j < asm.code.len() && live[j] && !targets[j] && asm.covered[j] == asm.covered[i]).then(|| asm.code[j])
    };
    let one = asm.code[i];
    let is = |ins: Option<Instr>, op: Op| ins.is_some_and(|x| x.op == op);
    // the tail of a compare-and-jump stays, so it may be a target itself
    let jump_after = |k: usize| -> Option<(u8, u32)> {
        let j = asm.code.get(i + k).filter(|_| live[i + k] && asm.covered[i + k] == asm.covered[i])?;
        match j.op {
            PopJumpIfTrue => Some((JUMP_IF_TRUE, j.arg)),
            PopJumpIfFalse => Some((0, j.arg)),
            _ => None,
        }
    };
    let (two, three) = (at(1), at(2));
    let small = |s: u32| s < 256;
    let mid = |s: u32| s <= u16::MAX as u32;
    match one.op {
        LoadFast => {
            let x = one.arg;
            match two {
                Some(y) if y.op == LoadFast => {
                    if let Some(c) = three {
                        if c.op == CompareOp
                            && small(x)
                            && small(y.arg)
                            && let Some((sense, to)) = jump_after(3)
                        {
                            let a = x as u16 | (y.arg as u16) << 8;
                            return (Instr::with(CompareFastFastJump, c.b | sense, a, to), 3);
                        }
                        if c.op == BinaryOp && mid(x) {
                            return (Instr::with(BinaryFastFast, c.b, x as u16, y.arg), 3);
                        }
                        if c.op == BinarySubscr && mid(x) {
                            return (Instr::with(SubscrFastFast, 0, x as u16, y.arg), 3);
                        }
                        // leave the second to what follows
                        if small(y.arg) && matches!(c.op, LoadAttr | LoadMethod | StoreAttr) {
                            return (one, 1);
                        }
                        if mid(y.arg)
                            && (is(at(3), BinaryOp) || is(at(3), BinarySubscr))
                            && matches!(c.op, LoadFast | LoadSmallInt)
                        {
                            return (one, 1);
                        }
                    }
                    if mid(x) {
                        return (Instr::with(LoadFastLoadFast, 0, x as u16, y.arg), 2);
                    }
                }
                Some(y) if y.op == LoadSmallInt => {
                    if let Some(c) = three {
                        if c.op == CompareOp
                            && small(x)
                            && let Ok(imm) = i8::try_from(y.imm())
                            && let Some((sense, to)) = jump_after(3)
                        {
                            let a = x as u16 | (imm as u8 as u16) << 8;
                            return (Instr::with(CompareFastIntJump, c.b | sense, a, to), 3);
                        }
                        if c.op == BinaryOp && mid(x) {
                            return (Instr::with(BinaryFastInt, c.b, x as u16, y.arg), 3);
                        }
                    }
                }
                Some(y) if y.op == LoadConst && mid(x) => {
                    return (Instr::with(LoadFastLoadConst, 0, x as u16, y.arg), 2);
                }
                Some(y) if y.op == BinaryOp => return (Instr::with(BinaryTosFast, y.b, 0, x), 2),
                Some(y) if y.op == BinarySubscr => return (Instr::new(SubscrTosFast, x), 2),
                Some(y) if y.op == LoadAttr && small(x) => return (Instr::with(LoadFastAttr, x as u8, 0, y.arg), 2),
                Some(y) if y.op == LoadMethod && small(x) => {
                    return (Instr::with(LoadFastMethod, x as u8, 0, y.arg), 2);
                }
                Some(y) if y.op == StoreAttr && small(x) => return (Instr::with(StoreFastAttr, x as u8, 0, y.arg), 2),
                _ => {}
            }
        }
        LoadSmallInt => {
            if let Some(y) = two
                && y.op == BinaryOp
            {
                return (Instr::with(BinaryTosInt, y.b, 0, one.arg), 2);
            }
        }
        CompareOp => {
            if let Some((sense, to)) = jump_after(1) {
                return (Instr::with(CompareJump, one.b | sense, 0, to), 1);
            }
        }
        ForIter => {
            if let Some(y) = asm.code.get(i + 1)
                && y.op == StoreFast
                && live[i + 1]
                && asm.covered[i + 1] == asm.covered[i]
                && mid(y.arg)
            {
                return (Instr::with(ForIterFast, 0, y.arg as u16, one.arg), 1);
            }
        }
        StoreFast if mid(one.arg) => match two {
            Some(y) if y.op == LoadFast => {
                let begins_better = three.is_some_and(|c| {
                    matches!(c.op, LoadAttr | LoadMethod | StoreAttr | BinaryOp | BinarySubscr)
                        || (matches!(c.op, LoadFast | LoadSmallInt)
                            && at(3).is_some_and(|d| matches!(d.op, BinaryOp | CompareOp | BinarySubscr)))
                });
                if !begins_better {
                    return (Instr::with(StoreFastLoadFast, 0, one.arg as u16, y.arg), 2);
                }
            }
            Some(y) if y.op == StoreFast => {
                return (Instr::with(StoreFastStoreFast, 0, one.arg as u16, y.arg), 2);
            }
            _ => {}
        },
        _ => {}
    }
    (one, 1)
}

fn write(asm: &Assembler, fused: Fused, out: &mut CodeObject) {
    let place = |label: u32| fused.map[target(asm, label)];
    let mut caches = 0u32;
    for (pc, o) in fused.out.iter().enumerate() {
        let mut ins = o.ins;
        if ins.is_jump() {
            ins.arg = place(ins.arg);
            if matches!(ins.op, Op::Jump | Op::JumpBackward) {
                ins.op = if ins.arg as usize > pc { Op::Jump } else { Op::JumpBackward };
            }
        }
        if matches!(
            ins.op,
            Op::LoadAttr
                | Op::StoreAttr
                | Op::LoadMethod
                | Op::LoadGlobal
                | Op::StoreGlobal
                | Op::LoadFastAttr
                | Op::StoreFastAttr
                | Op::LoadFastMethod
        ) {
            ins.a = u16::try_from(caches).ok().filter(|c| *c != NO_CACHE).unwrap_or(NO_CACHE);
            caches += (ins.a != NO_CACHE) as u32;
        }
        out.code.push(ins);
        out.locs.push(o.loc);
        if let Some(c) = o.cover {
            let cover = asm.covers[c as usize];
            let row =
                Handler { start: pc as u32, end: pc as u32 + 1, target: place(cover.label.0), depth: cover.depth };
            match out.handlers.last_mut() {
                Some(h) if h.end == row.start && h.target == row.target && h.depth == row.depth => h.end = row.end,
                _ => out.handlers.push(row),
            }
        }
    }
    out.cache_count = caches;
}
