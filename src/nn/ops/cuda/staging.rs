//! Page-locked memory of the program, kept for the next picture.
//!
//! The driver copies straight from and to such memory. With other memory it takes a detour over its own, and fresh
//! memory for every picture costs the system more time than the network needs.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{
    Result,
    cuda_backend::{
        WrapErr as _,
        cudarc::driver::{CudaContext, CudaEvent, CudaStream, HostSlice, PinnedHostSlice, SyncOnDrop, sys},
    },
};

/// Pieces that are kept, at most: a picture needs three to go there and two to come back.
const MAX_PIECES: usize = 6;
/// Bytes that are kept, at most; a picture of 1024² needs about 30 million.
const MAX_KEPT: usize = 128 << 20;

/// What copies use, one picture after the other.
#[derive(Debug, Default)]
pub(super) struct Staging(Mutex<Vec<Piece>>);

impl Staging {
    /// A piece whose first `len` bytes are free to use; they hold anything.
    pub(super) fn take(&self, context: &Arc<CudaContext>, len: usize) -> Result<Piece> {
        // Whether a copy is done can be asked on a thread of the context only.
        context.bind_to_thread().w()?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = kept.iter().enumerate();
        let fitting = fitting.filter(|(_, piece)| piece.memory.len() >= len && piece.used.is_complete());
        let smallest = fitting.min_by_key(|(_, piece)| piece.memory.len());
        let Some((at, _)) = smallest else {
            return Piece::new(context, len);
        };
        let mut piece = kept.swap_remove(at);
        piece.len = len;
        Ok(piece)
    }

    /// Keeps a piece for a later copy; it may still be in use.
    pub(super) fn put_back(&self, piece: Piece) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(piece);
        kept.sort_unstable_by_key(|piece| piece.memory.len());
        while kept.len() > MAX_PIECES {
            kept.remove(0);
        }
        while kept.iter().map(|piece| piece.memory.len()).sum::<usize>() > MAX_KEPT {
            kept.pop();
        }
    }
}

/// Page-locked memory, of which the first `len` bytes are in use.
///
/// The driver's bindings keep no account of who uses it: on a thread's own stream, candle's, they note nothing.
#[derive(Debug)]
pub(super) struct Piece {
    memory: PinnedHostSlice<u8>,
    /// Comes when the copies that use it are done.
    used: CudaEvent,
    len: usize,
}

impl Piece {
    #[expect(unsafe_code, reason = "memory that is not cleared")]
    fn new(context: &Arc<CudaContext>, len: usize) -> Result<Self> {
        let flags = sys::CUevent_flags::CU_EVENT_DISABLE_TIMING;
        Ok(Self {
            used: context.new_event(Some(flags)).w()?,
            // SAFETY: bytes are what they are, whatever they hold.
            memory: unsafe { context.alloc_pinned_with_flags(len, 0) }.w()?,
            len,
        })
    }

    /// Notes that it is in use until `stream` has done what it was told so far.
    pub(super) fn note_use(&self, stream: &CudaStream) -> Result<()> {
        self.used.record(stream).w()
    }

    /// Its bytes; the caller has waited for what was to be copied there.
    pub(super) fn bytes(&self) -> Result<&[u8]> {
        Ok(&self.memory.as_slice().w()?[..self.len])
    }

    /// Its bytes, to be copied from.
    pub(super) fn bytes_mut(&mut self) -> Result<&mut [u8]> {
        Ok(&mut self.memory.as_mut_slice().w()?[..self.len])
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        if let Err(error) = self.used.synchronize() {
            tracing::warn!("waiting for a copy failed: {error}");
        }
    }
}

#[expect(unsafe_code, reason = "the driver's bindings ask for it")]
impl HostSlice<u8> for Piece {
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
