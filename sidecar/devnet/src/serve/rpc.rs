pub async fn serve(_sim: crate::actor::Sim, _l: tokio::net::TcpListener, stop: tokio::sync::watch::Receiver<bool>) {
    super::stopped(stop).await
}
