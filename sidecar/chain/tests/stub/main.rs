//! The client against nodes that answer as they are told: what a real node does once in a year happens here every time.

mod grants;
mod sending;
mod served;
mod stream;
