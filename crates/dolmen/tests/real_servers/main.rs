//! From real traffic to a report: a real Apache, nginx and HAProxy, configured by `dolmen proxy`, in
//! front of a small monolith; and every figure of the report compared with what was sent.

#![expect(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

#[path = "../common/own.rs"]
mod own;

mod caddy;
mod chain;
mod client;
mod deprecated;
mod haproxy;
mod monolith;
mod one_proxy;
mod report;
mod retired;
mod server;
mod snippet;
mod traffic;
