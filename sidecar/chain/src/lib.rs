//! The Cosmos client: keys, signing, sequences, typed contract clients.
