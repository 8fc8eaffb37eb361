//! What the renderings of a run look like, and what they withstand.

mod har;
mod html;
mod json;
mod junit;
mod normalize;
mod sample;
mod summary;
