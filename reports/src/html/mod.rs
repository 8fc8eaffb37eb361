//! `index.html`: the whole report as one page that needs nothing else, neither a network nor its neighbours.
//!
//! The page is made here, not in the browser: without its script it is still all there, since a scenario is shown by
//! the address's fragment and everything that opens is a `<details>`. With the script, a scenario's content stays text
//! (in a `<noscript>`) until somebody opens it, so that a run of thousands of exchanges opens as fast as a small one.
//!
//! What strangers sent is shown, never obeyed: every value goes through one escaper, and the page's content security
//! policy allows its own script and style by their hashes, pictures that are in the page or beside it, and nothing else.

mod anchor;
#[cfg(test)]
mod contrast;
mod difference;
mod escape;
mod exchange;
mod failure;
mod page;
mod scenario;
mod sequence;

pub use page::write;
