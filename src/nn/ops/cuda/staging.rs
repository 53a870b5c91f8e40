//! Page-locked memory of the program, kept for the next picture.
//!
//! The driver copies straight from and to such memory. With other memory it takes a detour over its own, and fresh
//! memory for every picture costs the system more time than the network needs.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{
    Result,
    cuda_backend::{
        WrapErr as _,
        cudarc::driver::{CudaContext, CudaStream, HostSlice, PinnedHostSlice, SyncOnDrop},
    },
};

/// Pieces that are kept, at most: a picture needs three to go there and two to come back.
const MAX_PIECES: usize = 6;
/// Bytes that are kept, at most; a picture of 1024² needs about 30 million.
const MAX_KEPT: usize = 128 << 20;

/// What copies use, one picture after the other.
#[derive(Debug, Default)]
pub(super) struct Staging(Mutex<Vec<PinnedHostSlice<u8>>>);

impl Staging {
    /// A piece of at least `len` bytes, which hold anything.
    #[expect(unsafe_code, reason = "memory that is not cleared")]
    pub(super) fn take(&self, context: &Arc<CudaContext>, len: usize) -> Result<Front> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = kept.iter().enumerate().filter(|(_, piece)| piece.len() >= len);
        let smallest = fitting.min_by_key(|(_, piece)| piece.len()).map(|(at, _)| at);
        let memory = match smallest {
            Some(at) => kept.swap_remove(at),
            // SAFETY: bytes are what they are, whatever they hold.
            None => unsafe { context.alloc_pinned_with_flags(len, 0) }.w()?,
        };
        Ok(Front { memory, len })
    }

    /// Keeps a piece for the next copy, in place of smaller ones where that is too much.
    pub(super) fn put_back(&self, piece: Front) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(piece.memory);
        kept.sort_unstable_by_key(PinnedHostSlice::len);
        while kept.len() > MAX_PIECES {
            kept.remove(0);
        }
        while kept.iter().map(PinnedHostSlice::len).sum::<usize>() > MAX_KEPT {
            kept.pop();
        }
    }
}

/// The first bytes of a piece.
#[derive(Debug)]
pub(super) struct Front {
    memory: PinnedHostSlice<u8>,
    len: usize,
}

impl Front {
    /// Its bytes, once the copies that use them are done.
    pub(super) fn bytes(&self) -> Result<&[u8]> {
        Ok(&self.memory.as_slice().w()?[..self.len])
    }

    /// See [`bytes`](Self::bytes).
    pub(super) fn bytes_mut(&mut self) -> Result<&mut [u8]> {
        Ok(&mut self.memory.as_mut_slice().w()?[..self.len])
    }
}

#[expect(unsafe_code, reason = "the driver's bindings ask for it")]
impl HostSlice<u8> for Front {
    fn len(&self) -> usize {
        self.len
    }

    unsafe fn stream_synced_slice<'a>(&'a self, stream: &'a CudaStream) -> (&'a [u8], SyncOnDrop<'a>) {
        // SAFETY: what the caller promises.
        let (all, done) = unsafe { self.memory.stream_synced_slice(stream) };
        (&all[..self.len], done)
    }

    unsafe fn stream_synced_mut_slice<'a>(
        &'a mut self,
        stream: &'a CudaStream,
    ) -> (&'a mut [u8], SyncOnDrop<'a>) {
        // SAFETY: what the caller promises.
        let (all, done) = unsafe { self.memory.stream_synced_mut_slice(stream) };
        (&mut all[..self.len], done)
    }
}
