//! What `tracemalloc` keeps while it traces: who was charged for which block, and for which buffer.
//!
//! ```text
//! current == Σ bytes of `blocks` + Σ bytes of `buffers`        at any time
//! peak    == the largest `current` since it was last set back
//! ```
//! Plain data: what an address stands for is the heap's to say. Not here: when it is told of what (`modules::tracemalloc`).

use crate::types::dict::Fast;
use std::{collections::HashMap, sync::Arc};

/// Where something was allocated: (file, line) from the innermost frame outwards.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Site {
    /// Files by number, and lines; at most as many as the limit, at least one.
    pub frames: Vec<(u32, u32)>,
    /// How many frames there were.
    pub total: u32,
}

/// One block or buffer.
#[derive(Clone, Copy, Debug)]
pub struct Charge {
    /// Bytes.
    pub bytes: usize,
    /// Its site's number.
    pub site: u32,
    /// Charges are numbered as they are made.
    pub number: u64,
}

/// See above.
pub struct Ledger {
    /// Frames kept of each traceback.
    pub limit: usize,
    /// How many frames there were when the running instruction began, and where the innermost one then was.
    pub at: (usize, u32),
    files: Vec<Arc<str>>,
    file_numbers: HashMap<Arc<str>, u32>,
    sites: Vec<Arc<Site>>,
    site_numbers: HashMap<Arc<Site>, u32>,
    blocks: HashMap<usize, Charge, Fast>,
    buffers: HashMap<usize, Charge, Fast>,
    current: usize,
    peak: usize,
    made: u64,
}

impl Ledger {
    /// An empty one.
    pub fn new(limit: usize) -> Ledger {
        Ledger {
            limit,
            at: (0, 0),
            files: Vec::new(),
            file_numbers: HashMap::new(),
            sites: Vec::new(),
            site_numbers: HashMap::new(),
            blocks: HashMap::default(),
            buffers: HashMap::default(),
            current: 0,
            peak: 0,
            made: 0,
        }
    }
    /// A file's number.
    pub fn file(&mut self, name: &Arc<str>) -> u32 {
        if let Some(&n) = self.file_numbers.get(name) {
            return n;
        }
        let n = self.files.len() as u32;
        self.files.push(name.clone());
        self.file_numbers.insert(name.clone(), n);
        n
    }
    /// The name of a file of this number.
    pub fn file_name(&self, n: u32) -> &Arc<str> {
        &self.files[n as usize]
    }
    /// A site's number.
    pub fn site(&mut self, site: Site) -> u32 {
        if let Some(&n) = self.site_numbers.get(&site) {
            return n;
        }
        let (n, site) = (self.sites.len() as u32, Arc::new(site));
        self.sites.push(site.clone());
        self.site_numbers.insert(site, n);
        n
    }
    /// The site of this number.
    pub fn site_at(&self, n: u32) -> &Arc<Site> {
        &self.sites[n as usize]
    }
    fn charge(&mut self, bytes: usize, site: u32) -> Charge {
        self.made += 1;
        self.current += bytes;
        self.peak = self.peak.max(self.current);
        Charge { bytes, site, number: self.made }
    }
    /// A block was handed out.
    pub fn handed_out(&mut self, address: usize, bytes: usize, site: u32) {
        // Who was there before is gone, also if nobody said so.
        self.freed(address);
        let charge = self.charge(bytes, site);
        self.blocks.insert(address, charge);
    }
    /// A block is free; so is the buffer of the object that was in it.
    pub fn freed(&mut self, address: usize) {
        for map in [&mut self.blocks, &mut self.buffers] {
            if let Some(charge) = map.remove(&address) {
                self.current -= charge.bytes
            }
        }
    }
    /// Bytes charged for the buffer of the object at `address`.
    pub fn buffer_bytes(&self, address: usize) -> usize {
        self.buffers.get(&address).map_or(0, |c| c.bytes)
    }
    /// The buffer of the object at `address` has another size: it is charged anew, as a block that was moved.
    pub fn resized(&mut self, address: usize, bytes: usize, site: u32) {
        if let Some(charge) = self.buffers.remove(&address) {
            self.current -= charge.bytes
        }
        if bytes != 0 {
            let charge = self.charge(bytes, site);
            self.buffers.insert(address, charge);
        }
    }
    /// The block at `address`.
    pub fn block(&self, address: usize) -> Option<Charge> {
        self.blocks.get(&address).copied()
    }
    /// Everything that is charged, in the order in which it was.
    pub fn charges(&self) -> Vec<Charge> {
        let mut all: Vec<_> = self.blocks.values().chain(self.buffers.values()).copied().collect();
        all.sort_unstable_by_key(|c| c.number);
        all
    }
    /// Bytes charged now, and at the most.
    pub fn traced_bytes(&self) -> (usize, usize) {
        (self.current, self.peak)
    }
    /// The most is what is charged now.
    pub fn reset_peak(&mut self) {
        self.peak = self.current
    }
    /// Forgets every charge.
    pub fn clear(&mut self) {
        self.blocks = HashMap::default();
        self.buffers = HashMap::default();
        (self.current, self.peak) = (0, 0);
    }
    /// Bytes of the tables themselves, nearly: capacities times the size of what they hold.
    pub fn own_bytes(&self) -> usize {
        let charge = size_of::<(usize, Charge)>() + 1;
        let site = size_of::<Arc<Site>>() * 2 + size_of::<u32>() + 1;
        let file = size_of::<Arc<str>>() * 2 + size_of::<u32>() + 1;
        let frames: usize = self.sites.iter().map(|s| s.frames.capacity() * 8 + size_of::<Site>() + 16).sum();
        let names: usize = self.files.iter().map(|f| f.len() + 16).sum();
        size_of::<Ledger>()
            + (self.blocks.capacity() + self.buffers.capacity()) * charge
            + self.sites.capacity() * site
            + self.files.capacity() * file
            + frames
            + names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> (Ledger, u32, u32) {
        let mut l = Ledger::new(1);
        let file = l.file(&"a.py".into());
        let a = l.site(Site { frames: vec![(file, 1)], total: 1 });
        let b = l.site(Site { frames: vec![(file, 2)], total: 1 });
        (l, a, b)
    }

    #[test]
    fn equal_sites_are_one() {
        let (mut l, a, b) = ledger();
        assert_ne!(a, b);
        assert_eq!(l.site(Site { frames: vec![(0, 1)], total: 1 }), a);
        assert_ne!(l.site(Site { frames: vec![(0, 1)], total: 2 }), a, "deeper, though cut to the same");
        assert_eq!((l.file(&"a.py".into()), l.file(&"b.py".into())), (0, 1));
        assert_eq!(&**l.file_name(1), "b.py");
    }

    #[test]
    fn the_sum_follows_every_step() {
        let (mut l, a, b) = ledger();
        l.handed_out(0x10, 32, a);
        l.resized(0x10, 64, a);
        l.resized(0x10, 128, b);
        assert_eq!(l.traced_bytes(), (160, 160), "a buffer that moved is charged once");
        assert_eq!(l.charges().iter().map(|c| (c.bytes, c.site)).collect::<Vec<_>>(), [(32, a), (128, b)]);
        l.resized(0x10, 0, a);
        l.handed_out(0x20, 16, b);
        assert_eq!(l.traced_bytes(), (48, 160));
        l.reset_peak();
        l.freed(0x10);
        assert_eq!(l.traced_bytes(), (16, 48));
        l.handed_out(0x20, 24, a);
        assert_eq!((l.traced_bytes().0, l.block(0x20).map(|c| c.site)), (24, Some(a)), "an address handed out again");
        l.resized(0x99, 40, a);
        l.freed(0x99);
        l.freed(0x20);
        l.freed(0x20);
        assert_eq!((l.traced_bytes().0, l.charges().len()), (0, 0), "also for what was there before it began");
        l.handed_out(1, 1, a);
        l.clear();
        assert_eq!((l.traced_bytes(), l.block(1).is_none()), ((0, 0), true));
        assert!(l.own_bytes() > size_of::<Ledger>());
    }
}
