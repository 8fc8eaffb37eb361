//! Sign-ins, as browsers see them.

mod password;
mod policies;
