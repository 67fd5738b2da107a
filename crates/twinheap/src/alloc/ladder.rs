//! The ladder: where every mapped byte is, a row per (type, block size).  Plain data and its one equation.
//! Not how it is printed (the command's reports do that).  Overview: `alloc`.

/// One size class of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassRow {
    /// The type's name.
    pub type_name: &'static str,
    /// Bytes of a block (0 for the row of large objects of a type).
    pub block_bytes: usize,
    /// Runs in use.
    pub spans: usize,
    /// Blocks in use.
    pub live_blocks: usize,
    /// Bytes of those blocks, but for what the manager put before each object.
    pub live_bytes: usize,
    /// Bytes the manager put before the objects in them (counting: 8 each; tracing: none).
    pub metadata_bytes: usize,
    /// Bytes of free blocks, ready for this class.
    pub free_bytes: usize,
    /// Bytes no block can use: the end of each run, and runs held open by a thread.
    pub stranded_bytes: usize,
}

/// All of them, and what no class owns.
///
/// ```text
/// Σ (live + metadata + free + stranded) + idle + returned + metadata == mapped
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ladder {
    /// A row per (type, block size), by type name and size.
    pub classes: Vec<ClassRow>,
    /// Bytes of free spans whose pages are still ours.
    pub idle_bytes: usize,
    /// Bytes of free spans whose pages the system has.
    pub returned_bytes: usize,
    /// Bytes of chunk heads: span tables and bitmaps.  (What lies before objects is in `classes`.)
    pub metadata_bytes: usize,
    /// Bytes mapped.
    pub mapped_bytes: usize,
}

impl Ladder {
    /// The left side of the equation.
    pub fn accounted_bytes(&self) -> usize {
        self.classes.iter().map(|c| c.live_bytes + c.metadata_bytes + c.free_bytes + c.stranded_bytes).sum::<usize>()
            + self.idle_bytes
            + self.returned_bytes
            + self.metadata_bytes
    }

    /// Bytes of live objects of all classes.
    pub fn live_bytes(&self) -> usize {
        self.classes.iter().map(|c| c.live_bytes).sum()
    }
}

/// The ladder's lines without its rows: where memory is, at one moment.
///
/// ```text
/// spans + idle + returned + heads == mapped
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// Bytes mapped.
    pub mapped_bytes: usize,
    /// Bytes of spans, and of large objects' mappings, that are in use.
    pub spans_bytes: usize,
    /// Bytes of free spans whose pages are still ours.
    pub idle_bytes: usize,
    /// Bytes of free spans whose pages the system has.
    pub returned_bytes: usize,
    /// Bytes of the heads of chunks and of large mappings.
    pub heads_bytes: usize,
}
