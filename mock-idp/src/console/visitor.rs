//! For tests: a person who walks through pages, links and forms of the consoles.

use std::sync::Arc;

use http::{StatusCode, header};
use url::Url;

use crate::model::{App, Cause, NewApp};
use crate::testing::{ADMIN, Answer, Browser, CALLBACK, ORG, TestOrg};

/// A further app, that nobody may use yet.
pub(crate) fn app(org: &TestOrg, label: &str) -> Arc<App> {
    org.model().create_app(NewApp::web(label, CALLBACK), &Cause::system()).unwrap()
}

/// A browser, one page at a time.
pub(crate) struct Visitor<'a> {
    pub(crate) browser: Browser<'a>,
}

/// A page, and where it was found after all redirects.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) url: Url,
    pub(crate) answer: Answer,
}

impl Found {
    pub(crate) fn shows(&self, text: &str) -> bool {
        self.answer.body.contains(text)
    }

    #[track_caller]
    pub(crate) fn must_show(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.shows(text), "{} doesn't show {text:?}:\n{}", self.url, self.answer.body);
        }
    }
}

impl<'a> Visitor<'a> {
    /// A person who has signed in at the org.
    pub(crate) async fn signed_in(org: &'a TestOrg, login: &str) -> Self {
        let mut browser = org.browser();
        browser.sign_in(login).await;
        Self { browser }
    }

    /// Ada, who has come to the console.
    pub(crate) async fn administrator(org: &'a TestOrg) -> Self {
        let mut ada = Self::signed_in(org, "ada@acme.test").await;
        ada.page("/admin/dashboard").await;
        ada
    }

    /// Opens a page, by whatever redirects there are.
    pub(crate) async fn open(&mut self, url: &str) -> Found {
        let mut url = Url::parse(url).unwrap();
        for _ in 0..10 {
            let answer = self.browser.get(url.as_str()).await;
            if !answer.status.is_redirection() {
                return Found { url, answer };
            }
            url = url.join(answer.location()).unwrap();
        }
        panic!("endless redirects, at last to {url}");
    }

    /// Opens a page of the console.
    pub(crate) async fn page(&mut self, path: &str) -> Found {
        let found = self.open(&format!("{ADMIN}{path}")).await;
        assert_eq!(found.answer.status, StatusCode::OK, "{path}: {}", found.answer.body);
        assert_eq!(&found.url[url::Position::BeforePath..], path, "the page itself, not another");
        found
    }

    /// Opens a page of the org.
    pub(crate) async fn org_page(&mut self, path: &str) -> Found {
        self.open(&format!("{ORG}{path}")).await
    }

    /// Sends a form of the console's page at `page` to `path`, with that page's token.
    pub(crate) async fn submit(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Found {
        let token = self.page(page).await.answer.hidden("csrf");
        let mut form = vec![("csrf", token.as_str())];
        form.extend(fields);
        self.send(&format!("{ADMIN}{path}"), &form).await
    }

    /// Sends a form as it is.
    pub(crate) async fn send(&mut self, url: &str, form: &[(&str, &str)]) -> Found {
        let answer = self.browser.post(url, form).await;
        Found { url: Url::parse(url).unwrap(), answer }
    }

    /// Says from now on that forms stand on a page of this origin.
    pub(crate) fn comes_from(&mut self, origin: &str) {
        self.browser.header(header::ORIGIN, origin);
    }
}
