//! The file by which clients find the cluster.

use std::net::SocketAddr;

/// A kubeconfig for a cluster whose API listens there.
pub fn kubeconfig(api: SocketAddr) -> String {
    format!(
        "apiVersion: v1
kind: Config
current-context: berth-demo
clusters:
- name: berth-demo
  cluster:
    server: http://{api}
users:
- name: berth-demo
  user: {{}}
contexts:
- name: berth-demo
  context:
    cluster: berth-demo
    user: berth-demo
    namespace: default
"
    )
}
