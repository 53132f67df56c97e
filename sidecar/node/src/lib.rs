//! The OpenLedger sidecar: daemon and command line.
