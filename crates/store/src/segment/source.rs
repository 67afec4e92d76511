use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::vfs::Vfs;

/// A segment's file, read in pieces through the seam.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) vfs: Arc<dyn Vfs>,
    pub(crate) path: PathBuf,
    pub(crate) len: u64,
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for Source {
    type T = Pieces;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(Pieces { source: self.clone(), at: start, piece: Vec::new(), taken: 0 })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        Ok(self.vfs.read_at(&self.path, start, length)?.into())
    }
}

/// Reads on from a place, some kilobytes at a time.
#[derive(Debug)]
pub(crate) struct Pieces {
    source: Source,
    at: u64,
    piece: Vec<u8>,
    taken: usize,
}

const PIECE: u64 = 16 << 10;

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.piece.len() {
            let left = self.source.len.saturating_sub(self.at).min(PIECE);
            self.piece = self.source.vfs.read_at(&self.source.path, self.at, left as usize)?;
            self.at += left;
            self.taken = 0;
        }
        let len = out.len().min(self.piece.len() - self.taken);
        out[..len].copy_from_slice(&self.piece[self.taken..self.taken + len]);
        self.taken += len;
        Ok(len)
    }
}
