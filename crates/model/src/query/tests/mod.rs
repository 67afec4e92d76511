//! What queries mean, what is refused and how, and that printing is the inverse of parsing.

mod meaning;
mod printing;
mod refused;
mod skipping;
