//! People, in a real browser and without one, at a site of their own.

mod acting;
mod authenticator;
mod ending;
mod http;
mod isolation;
mod network;
mod reading;
mod scene;
mod site;
mod trust;
