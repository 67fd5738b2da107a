//! Fills the ladder: every span belongs to a type here, which `alloc` does not know.
//! Not the rows' meaning (`alloc::ladder`).

use crate::{
    alloc::{
        ClassRow, Ladder, Memory, SpanRef,
        chunk::{CHUNK_BYTES, FIRST_SPAN, SPAN_BYTES},
    },
    object::type_info::TypeInfo,
};
use std::collections::BTreeMap;

/// The ladder of `memory`, whose objects have `header_bytes` before them; `count` answers (live blocks, blocks held open) of a span.
pub fn ladder(memory: &Memory, header_bytes: usize, mut count: impl FnMut(SpanRef) -> (usize, usize)) -> Ladder {
    let mut rows = BTreeMap::new();
    for span in memory.spans() {
        // SAFETY: spans in use hold objects.
        let name = (unsafe { TypeInfo::in_span(span) }.name)();
        let block_bytes = if span.is_large() { 0 } else { span.block_bytes() };
        let row = rows.entry((name, block_bytes)).or_insert(ClassRow {
            type_name: name,
            block_bytes,
            spans: 0,
            live_blocks: 0,
            live_bytes: 0,
            metadata_bytes: 0,
            free_bytes: 0,
            stranded_bytes: 0,
        });
        let (live, held) = count(span);
        let (live_bytes, metadata_bytes) = (live * span.block_bytes(), live * header_bytes);
        row.spans += 1;
        row.live_blocks += live;
        row.live_bytes += live_bytes - metadata_bytes;
        row.metadata_bytes += metadata_bytes;
        let held_bytes = held * span.block_bytes();
        row.free_bytes += (span.capacity() as usize * span.block_bytes()).saturating_sub(live_bytes + held_bytes);
        row.stranded_bytes += span.run_bytes() - span.capacity() as usize * span.block_bytes() + held_bytes;
    }
    Ladder { classes: rows.into_values().collect(), ..unowned(memory) }
}

/// The ladder's lines that no class owns; no classes.
pub fn unowned(memory: &Memory) -> Ladder {
    // At one moment: pages go back in the background.
    let levels = memory.levels();
    Ladder {
        classes: Vec::new(),
        idle_bytes: levels.idle_bytes,
        returned_bytes: levels.returned_bytes,
        metadata_bytes: levels.heads_bytes,
        mapped_bytes: levels.mapped_bytes,
    }
}

/// Checks the ladder's equation.
///
/// # Errors
/// Both sides, when they differ.
pub fn verify(ladder: &Ladder) -> Result<(), String> {
    const { assert!(FIRST_SPAN * SPAN_BYTES < CHUNK_BYTES) };
    if ladder.accounted_bytes() != ladder.mapped_bytes {
        return Err(format!(
            "the ladder accounts for {} bytes of {} mapped",
            ladder.accounted_bytes(),
            ladder.mapped_bytes
        ));
    }
    Ok(())
}
