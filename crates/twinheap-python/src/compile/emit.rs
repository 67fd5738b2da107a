//! The assembler: instructions in a row, labels, the height of the operand stack, which handler covers what.
//!
//! The height is followed as code is emitted, so that a handler knows where to cut and a block that is left early knows
//! what lies above it. Labels and handlers become instruction indices, and instructions are fused, in `finish.rs`.

use crate::bytecode::{Const, Instr, Loc, Op};
use std::collections::HashMap;
use std::sync::Arc;

/// A place in the code, not yet known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label(pub u32);

/// A handler that covers instructions while it is current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cover {
    /// Where it goes on.
    pub label: Label,
    /// Height it cuts to.
    pub depth: u32,
}

/// Index into `Assembler::covers`.
pub type CoverId = u32;

/// Code being made for one frame. In jumps `arg` is a label.
#[derive(Default)]
pub struct Assembler {
    /// Instructions.
    pub code: Vec<Instr>,
    /// Their places in the source.
    pub locs: Vec<Loc>,
    /// Their handlers.
    pub covered: Vec<Option<CoverId>>,
    /// All handlers.
    pub covers: Vec<Cover>,
    /// Where labels are: instruction index.
    pub places: Vec<Option<u32>>,
    heights: Vec<Option<u32>>,
    /// Handler of what is emitted next.
    pub cover: Option<CoverId>,
    /// Source of what is emitted next.
    pub loc: Loc,
    /// Height of the operand stack.
    pub height: i32,
    /// Greatest height.
    pub max_height: i32,
    /// The instruction before never goes on to the next.
    pub dead: bool,
    consts: Vec<Const>,
    const_index: HashMap<Const, u32>,
    names: Vec<Arc<str>>,
    name_index: HashMap<Arc<str>, u32>,
}

impl Assembler {
    /// A label to be placed later.
    pub fn label(&mut self) -> Label {
        self.places.push(None);
        self.heights.push(None);
        Label(self.places.len() as u32 - 1)
    }

    /// The label is here.
    pub fn place(&mut self, label: Label) {
        let l = label.0 as usize;
        debug_assert!(self.places[l].is_none(), "label placed twice");
        self.places[l] = Some(self.code.len() as u32);
        match self.heights[l] {
            Some(h) if self.dead => self.height = h as i32,
            Some(h) => debug_assert_eq!(h as i32, self.height, "height differs at a label"),
            None => self.heights[l] = Some(self.height as u32),
        }
        self.dead = false;
    }

    /// Start of a handler: height is what its cover says, and the exception.
    pub fn place_handler(&mut self, cover: CoverId) {
        let Cover { label, depth } = self.covers[cover as usize];
        self.height = depth as i32 + 1;
        self.max_height = self.max_height.max(self.height);
        self.heights[label.0 as usize] = Some(self.height as u32);
        self.dead = false;
        self.place(label);
    }

    /// A new handler that cuts to `depth` values below the present height.
    pub fn new_cover(&mut self, below: u32) -> CoverId {
        let label = self.label();
        self.covers.push(Cover { label, depth: self.height as u32 - below });
        self.covers.len() as u32 - 1
    }

    /// Emit any instruction but a jump.
    pub fn push(&mut self, i: Instr) {
        debug_assert!(!i.is_jump());
        self.raw(i);
        self.height += i.stack_effect(false);
        debug_assert!(self.height >= 0, "operand stack below zero after {i:?}");
        self.max_height = self.max_height.max(self.height);
        self.dead = i.ends_block();
    }

    fn raw(&mut self, i: Instr) {
        self.code.push(i);
        self.locs.push(self.loc);
        self.covered.push(self.cover);
    }

    /// Emit without operand.
    pub fn op(&mut self, op: Op) {
        self.push(Instr::new(op, 0));
    }

    /// Emit with one operand.
    pub fn op1(&mut self, op: Op, arg: u32) {
        self.push(Instr::new(op, arg));
    }

    /// Emit a jump.
    pub fn jump(&mut self, op: Op, to: Label) {
        self.jump_with(Instr::new(op, to.0));
    }

    /// Emit a jump with more operands.
    pub fn jump_with(&mut self, i: Instr) {
        debug_assert!(i.is_jump());
        self.raw(i);
        let there = self.height + i.stack_effect(true);
        let l = i.arg as usize;
        match self.heights[l] {
            Some(h) => debug_assert!(h as i32 == there || self.dead, "height differs at a jump"),
            None => self.heights[l] = Some(there as u32),
        }
        self.height += i.stack_effect(false);
        self.max_height = self.max_height.max(self.height).max(there);
        self.dead = i.ends_block();
    }

    /// Index of a constant.
    pub fn const_id(&mut self, c: Const) -> u32 {
        if let Some(&i) = self.const_index.get(&c) {
            return i;
        }
        let i = self.consts.len() as u32;
        self.consts.push(c.clone());
        self.const_index.insert(c, i);
        i
    }

    /// Push a constant.
    pub fn load(&mut self, c: Const) {
        match c {
            Const::None => self.op(Op::LoadNone),
            Const::Int(i) if i32::try_from(i).is_ok() => self.op1(Op::LoadSmallInt, i as i32 as u32),
            c => {
                let i = self.const_id(c);
                self.op1(Op::LoadConst, i);
            }
        }
    }

    /// Index of a name.
    pub fn name_id(&mut self, name: &Arc<str>) -> u32 {
        if let Some(&i) = self.name_index.get(name) {
            return i;
        }
        let i = self.names.len() as u32;
        self.names.push(name.clone());
        self.name_index.insert(name.clone(), i);
        i
    }

    /// Hand over the tables.
    pub fn take_tables(&mut self) -> (Vec<Const>, Vec<Arc<str>>) {
        (std::mem::take(&mut self.consts), std::mem::take(&mut self.names))
    }
}
