//! Sign-ins, as browsers see them.

mod factors;
mod password;
mod policies;
