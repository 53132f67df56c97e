//! A connection that can be cut.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

/// Connections pass through here, and can be cut.
pub struct Wire {
    pub address: SocketAddr,
    cut: Arc<Mutex<CancellationToken>>,
    up: Arc<Mutex<bool>>,
}

impl Wire {
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (cut, up) = (Arc::new(Mutex::new(CancellationToken::new())), Arc::new(Mutex::new(true)));
        let (cutting, state) = (cut.clone(), up.clone());
        tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                if !*state.lock().expect("whole") {
                    continue;
                }
                let token = cutting.lock().expect("whole").clone();
                tokio::spawn(async move {
                    let mut to = TcpStream::connect(target).await.expect("the stub listens");
                    let _ = token.run_until_cancelled(copy_bidirectional(&mut from, &mut to)).await;
                });
            }
        });
        Self { address, cut, up }
    }

    pub fn set(&self, up: bool) {
        *self.up.lock().expect("whole") = up;
        if !up {
            std::mem::take(&mut *self.cut.lock().expect("whole")).cancel();
        }
    }
}
