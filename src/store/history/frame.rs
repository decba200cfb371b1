//! One compressed stretch of bytes whose length is known from elsewhere.

use zstd::zstd_safe::CParameter;

/// From this length on, matches are looked for over the whole content.
const LONG_FROM: usize = 4 << 20;
/// The largest window, as a power of two: 128 MiB, which every decoder of this format accepts.
const WINDOW_LOG_MAX: u32 = 27;

/// Compresses; `None` where the compressor refuses or has no memory, and the caller stores the bytes as they are.
pub(super) fn compress(bytes: &[u8], level: i32) -> Option<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(level).ok()?;
    // The reader knows the length and checks a hash, so the frame need not repeat either.
    compressor.set_parameter(CParameter::ContentSizeFlag(false)).ok()?;
    compressor.set_parameter(CParameter::ChecksumFlag(false)).ok()?;
    if bytes.len() >= LONG_FROM {
        let window_log = bytes.len().next_power_of_two().trailing_zeros().min(WINDOW_LOG_MAX);
        compressor.set_parameter(CParameter::WindowLog(window_log)).ok()?;
        compressor.set_parameter(CParameter::EnableLongDistanceMatching(true)).ok()?;
    }
    compressor.compress(bytes).ok()
}

/// Decompresses to exactly `len` bytes, and never writes more; `None` where that is not what the frame holds.
///
/// The caller holds `len` against its limit before: it is what is allocated, whatever the frame claims.
pub(super) fn decompress(frame: &[u8], len: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(len);
    let written = zstd::bulk::Decompressor::new().ok()?.decompress_to_buffer(frame, &mut bytes).ok()?;
    (written == len && bytes.len() == len).then_some(bytes)
}
