//! A cable between Berth and a server that a test can cut and mend.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards connections while it is whole.
pub(crate) struct Cable {
    pub(crate) address: SocketAddr,
    whole: watch::Sender<bool>,
}

impl Cable {
    /// A cable to `target`.
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let whole = watch::Sender::new(true);
        let state = whole.subscribe();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(forward(near, target, state.clone()));
            }
        });
        Self { address, whole }
    }

    /// Ends every connection; new ones end at once.
    pub(crate) fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Connections get through again.
    pub(crate) fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn forward(mut near: TcpStream, target: SocketAddr, mut state: watch::Receiver<bool>) {
    if !*state.borrow_and_update() {
        return;
    }
    if let Ok(mut far) = TcpStream::connect(target).await {
        tokio::select! {
            _ = copy_bidirectional(&mut near, &mut far) => {}
            _ = state.wait_for(|whole| !whole) => {}
        }
    }
}
