//! The console as its administrator uses it.

mod applications;
mod directory;
mod protection;
mod security;
