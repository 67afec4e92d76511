//! A way to a server that can be cut.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Connections to its port reach a server on another port of this machine, until they are cut.
pub struct Cable {
    /// The port to connect to.
    pub port: u16,
    cut: watch::Sender<u32>,
    frozen: watch::Sender<u32>,
    unplugged: watch::Sender<bool>,
    refused: watch::Sender<u32>,
    carried: Arc<AtomicU64>,
}

impl Cable {
    /// Lays a cable to the server on port `to`.
    pub async fn lay(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = watch::Sender::new(0);
        let frozen = watch::Sender::new(0);
        let (cuts, freezes) = (cut.subscribe(), frozen.subscribe());
        let (unplugged, refused) = (watch::Sender::new(false), watch::Sender::new(0));
        let (is_unplugged, refusing) = (unplugged.subscribe(), refused.clone());
        let carried = Arc::new(AtomicU64::new(0));
        let carrying = Arc::clone(&carried);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                if *is_unplugged.borrow() {
                    refusing.send_modify(|refused| *refused += 1);
                    continue;
                }
                let (mut cuts, mut freezes) = (cuts.clone(), freezes.clone());
                cuts.mark_unchanged();
                freezes.mark_unchanged();
                let carrying = Arc::clone(&carrying);
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(("127.0.0.1", to)).await else { return };
                    tokio::select! {
                        _ = carry(&mut near, &mut far, &carrying) => {}
                        _ = cuts.changed() => {}
                        // Both ends stay open, and hear nothing.
                        _ = freezes.changed() => { let _ = cuts.changed().await; }
                    }
                });
            }
        });
        Self { port, cut, frozen, unplugged, refused, carried }
    }

    /// Cuts every connection that there is; others may be made.
    pub fn cut(&self) {
        self.cut.send_modify(|cuts| *cuts += 1);
    }

    /// Lets nothing through any more on the connections that there are, in silence; others may be
    /// made.
    pub fn freeze(&self) {
        self.frozen.send_modify(|freezes| *freezes += 1);
    }

    /// Cuts every connection, and lets nobody make another.
    pub fn unplug(&self) {
        self.unplugged.send_replace(true);
        self.cut();
    }

    /// Returns once somebody tried in vain to connect.
    pub async fn refused(&self) {
        // The sender is ours.
        let _ = self.refused.subscribe().wait_for(|refused| *refused > 0).await;
    }

    /// How many bytes came from the server so far.
    pub fn carried(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }
}

/// Carries what each of the two says to the other.
async fn carry(near: &mut TcpStream, far: &mut TcpStream, carried: &AtomicU64) -> io::Result<()> {
    let ((mut from_near, mut to_near), (mut from_far, mut to_far)) = (near.split(), far.split());
    let there = async {
        copy(&mut from_near, &mut to_far).await?;
        to_far.shutdown().await
    };
    let back = async {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let bytes = from_far.read(&mut buffer).await?;
            if bytes == 0 {
                return to_near.shutdown().await;
            }
            carried.fetch_add(bytes as u64, Ordering::Relaxed);
            to_near.write_all(&buffer[..bytes]).await?;
        }
    };
    tokio::try_join!(there, back).map(drop)
}
