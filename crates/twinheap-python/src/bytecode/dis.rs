//! Code objects as text, for tests and for reading; the form is not stable.

use super::{BIN_TEXT, CodeObject, Const, Instr, Op};
use std::fmt::{self, Write as _};

/// The code, nested code objects after it.
pub fn dis(code: &CodeObject) -> String {
    let mut out = String::new();
    // writing to a string does not fail
    let _ = dis_into(code, &mut out);
    out
}

fn dis_into(code: &CodeObject, out: &mut String) -> fmt::Result {
    writeln!(out, "{} ({} slots, stack {}):", code.qualname, code.nslots(), code.max_stack)?;
    let mut targets: Vec<u32> = code.code.iter().filter(|i| i.is_jump()).map(|i| i.arg).collect();
    targets.extend(code.handlers.iter().map(|h| h.target));
    let mut last = 0;
    for (pc, i) in code.code.iter().enumerate() {
        let line = code.locs.get(pc).map_or(0, |l| l.line);
        let shown = if line != last && line != 0 { line.to_string() } else { String::new() };
        if line != 0 {
            last = line;
        }
        let mark = if targets.contains(&(pc as u32)) { ">>" } else { "" };
        let text = dis_instr(code, *i);
        writeln!(out, "{}", format!("{shown:>4} {mark:>2} {pc:>4} {text}").trim_end())?;
    }
    for h in &code.handlers {
        writeln!(out, "     handler {}..{} -> {} depth {}", h.start, h.end, h.target, h.depth)?;
    }
    for c in &code.consts {
        if let Const::Code(c) = c {
            dis_into(c, out)?;
        }
    }
    Ok(())
}

fn show(c: Option<&Const>) -> String {
    match c {
        None => "?".into(),
        Some(Const::Code(c)) => format!("<code {}>", c.qualname),
        Some(Const::Str(s)) => format!("{s:?}"),
        Some(Const::Int(i)) => i.to_string(),
        Some(Const::BigInt(i)) => i.to_string(),
        Some(Const::Float(f)) => format!("{f:?}"),
        Some(Const::Tuple(t)) => format!("({})", t.iter().map(|c| show(Some(c))).collect::<Vec<_>>().join(", ")),
        Some(Const::Frozenset(t)) => {
            format!("frozenset({})", t.iter().map(|c| show(Some(c))).collect::<Vec<_>>().join(", "))
        }
        Some(c) => format!("{c:?}"),
    }
}

/// One instruction as text, operands by name.
fn dis_instr(code: &CodeObject, i: Instr) -> String {
    use Op::*;
    let name = |n: u32| code.names.get(n as usize).map_or("?".to_string(), |s| s.to_string());
    let slot = |n: u32| {
        if (n as usize) < code.nslots() { code.slot_name(n as usize).to_string() } else { "?".to_string() }
    };
    let bin = || match i.bin().is_in_place() {
        true => format!("{}=", BIN_TEXT[(i.b & 15) as usize]),
        false => BIN_TEXT[(i.b & 15) as usize].to_string(),
    };
    let sense = || if i.jump_if_true() { "if" } else { "unless" };
    let operands = match i.op {
        LoadConst | ReturnConst => show(code.consts.get(i.arg as usize)),
        LoadSmallInt => i.imm().to_string(),
        LoadFast | LoadFastCheck | StoreFast | DeleteFast | ClearFast | LoadClosure | LoadDeref | StoreDeref
        | DeleteDeref | LoadClassDeref => slot(i.arg),
        LoadFastLoadFast | StoreFastLoadFast | StoreFastStoreFast | SubscrFastFast => {
            format!("{} {}", slot(i.a as u32), slot(i.arg))
        }
        LoadFastLoadConst => format!("{} {}", slot(i.a as u32), show(code.consts.get(i.arg as usize))),
        SubscrTosFast => slot(i.arg),
        MakeCell if i.a != 0 => format!("{} from parameter", slot(i.arg)),
        MakeCell => slot(i.arg),
        LoadGlobal | StoreGlobal | DeleteGlobal | LoadName | StoreName | DeleteName | LoadAttr | StoreAttr
        | DeleteAttr | LoadMethod | ImportName | ImportFrom => name(i.arg),
        LoadFastAttr | StoreFastAttr | LoadFastMethod => format!("{}.{}", slot(i.b as u32), name(i.arg)),
        BinaryOp => bin(),
        BinaryTosInt => format!("{} {}", bin(), i.imm()),
        BinaryTosFast => format!("{} {}", bin(), slot(i.arg)),
        BinaryFastInt => format!("{} {} {}", slot(i.a as u32), bin(), i.imm()),
        BinaryFastFast => format!("{} {} {}", slot(i.a as u32), bin(), slot(i.arg)),
        CompareOp => i.cmp().text().to_string(),
        IsOp => (if i.b == 1 { "is not" } else { "is" }).to_string(),
        ContainsOp => (if i.b == 1 { "not in" } else { "in" }).to_string(),
        Jump | JumpBackward | PopJumpIfTrue | PopJumpIfFalse | PopJumpIfNone | PopJumpIfNotNone | JumpIfTrueOrPop
        | JumpIfFalseOrPop | ForIter => format!("-> {}", i.arg),
        ForIterFast => format!("{} -> {}", slot(i.a as u32), i.arg),
        CompareJump => format!("{} {} -> {}", sense(), i.cmp().text(), i.arg),
        CompareFastFastJump => {
            format!("{} {} {} {} -> {}", sense(), slot(i.a_lo() as u32), i.cmp().text(), slot(i.a_hi() as u32), i.arg)
        }
        CompareFastIntJump => {
            format!("{} {} {} {} -> {}", sense(), slot(i.a_lo() as u32), i.cmp().text(), i.a_hi() as i8, i.arg)
        }
        UnpackEx => format!("{} * {}", i.a, i.arg),
        CallKw => format!("{} {}{}", i.a, show(code.consts.get(i.arg as usize)), if i.b == 1 { " method" } else { "" }),
        CallEx => (if i.b == 1 { "with keywords" } else { "" }).to_string(),
        MakeFunction => {
            let mut s = show(code.consts.get(i.arg as usize));
            for (bit, text) in [(1, " defaults"), (2, " kwdefaults"), (8, " closure")] {
                if i.b & bit != 0 {
                    s.push_str(text);
                }
            }
            s
        }
        ConvertValue => ["", "str", "repr", "ascii"][(i.b & 3) as usize].to_string(),
        Copy | Swap | CopyFreeVars | BuildTuple | BuildList | BuildSet | BuildMap | BuildString | BuildSlice
        | ListAppend | SetAdd | MapAdd | ListExtend | SetUpdate | DictUpdate | DictMerge | Call | CallMethod
        | Raise | UnpackSequence | MatchClass => i.arg.to_string(),
        _ => String::new(),
    };
    format!("{:?} {operands}", i.op)
}
