//! What all of the org's pages and endpoints share: who asks, what they sent, and how a page is answered.

mod csrf;
mod pages;
mod params;
pub(crate) mod qr_code;
mod visit;

pub(crate) use csrf::{CsrfKey, PostedForm};
pub(crate) use pages::{
    ErrorPage, assets, error_page, html, html_connecting_to, html_under, leading_to, redirect, see_other,
};
pub(crate) use params::{Params, read_body, read_form};
pub(crate) use visit::{SESSION_COOKIE, SignedIn, Visit, expired_cookie, set_cookie, set_cookie_for};
