//! One compressed stretch of bytes whose length is known from elsewhere.

use crate::fault::canary;
use std::sync::Mutex;
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::CParameter;

/// From this length on, matches are looked for over the whole content.
const LONG_FROM: usize = 4 << 20;
/// The largest window, as a power of two: 128 MiB, which every decoder of this format accepts.
const WINDOW_LOG_MAX: u32 = 27;

/// Up to this level a compressor is kept for the next call: setting one up costs a small document as much as compressing
/// it. The tables of the higher levels are too large to be kept.
const KEPT_LEVEL_MAX: i32 = 3;

/// One is enough: a store compresses while it commits, one commit at a time.
static COMPRESSORS: Idle<Compressor<'static>, 1> = Idle::new();
/// Readers do not wait for each other.
static DECOMPRESSORS: Idle<Decompressor<'static>, 4> = Idle::new();

/// What is not in use, at most `N` of it: setting one up costs a small document several times what reading it does.
struct Idle<T, const N: usize>(Mutex<Vec<T>>);

impl<T, const N: usize> Idle<T, N> {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Somebody else's turn, or a panic in it, is no reason to wait.
    fn take(&self) -> Option<T> {
        self.0.try_lock().ok().and_then(|mut idle| idle.pop())
    }

    fn give_back(&self, used: T) {
        if let Ok(mut idle) = self.0.try_lock()
            && idle.len() < N
        {
            idle.push(used);
        }
    }
}

/// Compresses; `None` where the compressor refuses or has no memory, and the caller stores the bytes as they are.
pub(super) fn compress(bytes: &[u8], level: i32) -> Option<Vec<u8>> {
    let is_long = bytes.len() >= LONG_FROM;
    if level > KEPT_LEVEL_MAX || is_long {
        let mut compressor = compressor(level)?;
        if is_long {
            let window_log = bytes.len().next_power_of_two().trailing_zeros().min(WINDOW_LOG_MAX);
            compressor.set_parameter(CParameter::WindowLog(window_log)).ok()?;
            compressor.set_parameter(CParameter::EnableLongDistanceMatching(true)).ok()?;
        }
        return compressor.compress(bytes).ok().inspect(|frame| canary::keeps_packed(frame));
    }
    let mut compressor = match COMPRESSORS.take() {
        Some(mut idle) => {
            idle.set_parameter(CParameter::CompressionLevel(level)).ok()?;
            idle
        }
        None => compressor(level)?,
    };
    let frame = compressor.compress(bytes).ok()?;
    COMPRESSORS.give_back(compressor);
    canary::keeps_packed(&frame);
    Some(frame)
}

fn compressor(level: i32) -> Option<Compressor<'static>> {
    let mut compressor = Compressor::new(level).ok()?;
    // The reader knows the length and checks a hash, so the frame need not repeat either.
    compressor.set_parameter(CParameter::ContentSizeFlag(false)).ok()?;
    compressor.set_parameter(CParameter::ChecksumFlag(false)).ok()?;
    Some(compressor)
}

/// Decompresses to exactly `len` bytes, and never writes more; `None` where that is not what the frame holds.
///
/// The caller holds `len` against its limit before: it is what is allocated, whatever the frame claims.
pub(super) fn decompress(frame: &[u8], len: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(len);
    let mut decompressor = DECOMPRESSORS.take().or_else(|| Decompressor::new().ok())?;
    // One that met a frame that is none is not used again.
    let written = decompressor.decompress_to_buffer(frame, &mut bytes).ok()?;
    DECOMPRESSORS.give_back(decompressor);
    (written == len && bytes.len() == len).then_some(bytes)
}
