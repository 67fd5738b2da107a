//! The kernel: map, give back, unmap.  The only file that makes memory calls (tidy checks that).
//! Not a policy: who returns what and when is `memory`'s business.  Overview: `alloc`.

use std::ptr::NonNull;

/// Bytes of a page of the system as far as returning memory is concerned.
pub const PAGE_BYTES: usize = 4096;

/// Maps `bytes` of zeroed memory aligned to `align` (a power of two ≥ a page), or `None` when the system refuses.
///
/// Under Miri, and where there is no `mmap`, the global allocator stands in: same alignment, same zeroes.
pub fn map(bytes: usize, align: usize) -> Option<NonNull<u8>> {
    debug_assert!(align.is_power_of_two() && bytes.is_multiple_of(PAGE_BYTES));
    imp::map(bytes, align)
}

/// Unmaps what [`map`] returned.
///
/// # Safety
/// `base` came from `map(bytes, align)` and nobody uses the memory any more.
pub unsafe fn unmap(base: NonNull<u8>, bytes: usize, align: usize) {
    // SAFETY: forwarded, the caller's promise is the same.
    unsafe { imp::unmap(base, bytes, align) }
}

/// Gives the pages of `[start, start + bytes)` back to the system; they stay mapped and read as unspecified bytes
/// until written again.  Cost: one system call, then a page fault a page when it is used again.
///
/// # Safety
/// The range is page-aligned, inside one mapping of ours, and holds nothing anybody will read before writing.
pub unsafe fn give_back(start: NonNull<u8>, bytes: usize) {
    // SAFETY: forwarded, the caller's promise is the same.
    unsafe { imp::give_back(start, bytes) }
}

/// Asks for huge pages in a range, or for none any more; whether the system has taken note.  A wish: nothing depends on it.
///
/// # Safety
/// The range is page-aligned and inside one mapping of ours.
pub unsafe fn huge_pages(start: NonNull<u8>, bytes: usize, on: bool) -> bool {
    // SAFETY: forwarded, the caller's promise is the same.
    unsafe { imp::huge_pages(start, bytes, on) }
}

#[cfg(all(unix, not(miri)))]
mod imp {
    use std::ptr::NonNull;

    fn raw_map(bytes: usize) -> Option<*mut u8> {
        // SAFETY: an anonymous private mapping at an address of the kernel's choice touches no memory of ours.
        let p = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANON,
                -1,
                0,
            )
        };
        if p == libc::MAP_FAILED { None } else { Some(p.cast()) }
    }

    pub fn map(bytes: usize, align: usize) -> Option<NonNull<u8>> {
        // Ask for one alignment more, cut both ends off.  (A hint for the next address would save the cut; measured
        // at 2 µs a chunk of 4 MiB, it is not worth the code.)
        let wide = bytes.checked_add(align)?;
        let p = raw_map(wide)?;
        let head = p.addr().next_multiple_of(align) - p.addr();
        let tail = wide - head - bytes;
        // SAFETY: both pieces lie inside the mapping just made, and outside of what is returned.
        unsafe {
            if head > 0 {
                libc::munmap(p.cast(), head);
            }
            if tail > 0 {
                libc::munmap(p.add(head + bytes).cast(), tail);
            }
            NonNull::new(p.add(head))
        }
    }

    /// # Safety
    /// As the function of the same name above.
    pub unsafe fn unmap(base: NonNull<u8>, bytes: usize, _align: usize) {
        // SAFETY: `base..+bytes` is a mapping of ours by the caller's promise.
        unsafe { libc::munmap(base.as_ptr().cast(), bytes) };
    }

    /// # Safety
    /// As the function of the same name above.
    pub unsafe fn give_back(start: NonNull<u8>, bytes: usize) {
        // DONTNEED, not FREE: resident size must be seen to fall at once (that is what users measure).
        // SAFETY: the range is ours and holds nothing by the caller's promise.
        unsafe { libc::madvise(start.as_ptr().cast(), bytes, libc::MADV_DONTNEED) };
    }

    /// # Safety
    /// As the function of the same name above.
    #[cfg(target_os = "linux")]
    pub unsafe fn huge_pages(start: NonNull<u8>, bytes: usize, on: bool) -> bool {
        let advice = if on { libc::MADV_HUGEPAGE } else { libc::MADV_NOHUGEPAGE };
        // SAFETY: the range is ours by the caller's promise; the advice changes no contents.
        unsafe { libc::madvise(start.as_ptr().cast(), bytes, advice) == 0 }
    }
    /// # Safety
    /// As the function of the same name above.
    #[cfg(not(target_os = "linux"))]
    pub unsafe fn huge_pages(_start: NonNull<u8>, _bytes: usize, _on: bool) -> bool {
        false
    }
}

#[cfg(any(not(unix), miri))]
mod imp {
    use std::{
        alloc::{Layout, alloc_zeroed, dealloc},
        ptr::NonNull,
    };

    pub fn map(bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let layout = Layout::from_size_align(bytes, align).ok()?;
        // SAFETY: every caller asks for at least a page, so the layout's size is not zero.
        NonNull::new(unsafe { alloc_zeroed(layout) })
    }

    /// # Safety
    /// As the function of the same name above.
    pub unsafe fn unmap(base: NonNull<u8>, bytes: usize, align: usize) {
        // SAFETY: `map` above accepted the same layout.
        unsafe { dealloc(base.as_ptr(), Layout::from_size_align_unchecked(bytes, align)) }
    }

    /// # Safety
    /// As the function of the same name above.
    pub unsafe fn give_back(_start: NonNull<u8>, _bytes: usize) {}

    /// # Safety
    /// As the function of the same name above.
    pub unsafe fn huge_pages(_start: NonNull<u8>, _bytes: usize, _on: bool) -> bool {
        false
    }
}
