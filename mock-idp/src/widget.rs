//! Okta's own Sign-In Widget in place of our sign-in pages, from an unpacked npm package.

use std::io;
use std::path::{Path, PathBuf};

use askama::Template;
use axum::Router;
use axum::extract::{self, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use ground::{Secret, random};
use http::{StatusCode, header};

use crate::authn;
use crate::sign_in::SignIn;
use crate::site::Site;
use crate::web::{error_page, html_under};

/// The widget's styles, below `dist`.
const STYLES: &str = "css/okta-sign-in.min.css";

/// An unpacked `@okta/okta-signin-widget`. Every file below its folder `dist` is served, and none beside it.
#[derive(Clone, Debug)]
pub struct SignInWidget {
    dist: PathBuf,
    engine: Engine,
}

/// Which of Okta's engines the sign-in page is of. What the org decides is the same with either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Engine {
    /// The present one, whose page goes by `/idp/idx`.
    #[default]
    IdentityEngine,
    /// The former one, whose page goes by the primary authentication API, `/api/v1/authn`.
    Classic,
}

impl Engine {
    /// The widget's script for it, below `dist`.
    fn script(self) -> &'static str {
        match self {
            Self::IdentityEngine => "js/okta-sign-in.oie.min.js",
            Self::Classic => "js/okta-sign-in.classic.min.js",
        }
    }

    /// Our own, which starts that one.
    fn starter(self) -> &'static str {
        match self {
            Self::IdentityEngine => "widget.js",
            Self::Classic => "widget-classic.js",
        }
    }

    /// A new state token. The widget knows by its beginning which engine it is of.
    pub(crate) fn state_token(self) -> Secret {
        let token = match self {
            Self::IdentityEngine => format!("02.id.{}", random::token()),
            Self::Classic => format!("00{}", random::token()),
        };
        Secret::new("state token", token)
    }
}

/// Why a folder is not taken for the widget.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} is no unpacked @okta/okta-signin-widget: {missing} can't be read ({reason}); `npm pack @okta/okta-signin-widget` gets \
     it, and its archive unpacks into a folder named package",
    folder.display()
)]
pub struct WidgetError {
    folder: PathBuf,
    missing: String,
    reason: io::Error,
}

impl SignInWidget {
    /// The widget in `folder`, which holds what the npm package holds, as the page of this engine.
    ///
    /// # Errors
    /// When the files that the sign-in page loads are not there.
    pub fn open(folder: &Path, engine: Engine) -> Result<Self, WidgetError> {
        let error = |missing: &str, reason| WidgetError {
            folder: folder.to_owned(),
            missing: format!("dist/{missing}"),
            reason,
        };
        let dist = folder.join("dist").canonicalize().map_err(|reason| error("", reason))?;
        for name in [engine.script(), STYLES] {
            std::fs::metadata(dist.join(name)).map_err(|reason| error(name, reason))?;
        }
        Ok(Self { dist, engine })
    }

    pub(crate) fn engine(&self) -> Engine {
        self.engine
    }

    /// The file of this path below `dist`, if there is one. A link that leads out of it leads nowhere.
    fn file(&self, path: &str) -> Option<PathBuf> {
        let plain =
            |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':', '\0']);
        let named = path.split('/').all(plain).then(|| self.dist.join(path))?;
        let file = named.canonicalize().ok()?;
        (file.starts_with(&self.dist) && file.is_file()).then_some(file)
    }
}

/// The page that is the widget: what it must know stands in its one element, where the script finds it.
#[derive(Template)]
#[template(path = "sign_in/widget.html")]
struct WidgetPage<'a> {
    org: &'a str,
    base_url: &'a str,
    script: &'static str,
    starter: &'static str,
    /// Of the sign-in that the widget goes on with; empty where it begins with a name.
    state_token: &'a str,
    username: &'a str,
    /// Where a new session goes on.
    next: &'a str,
    nonce: &'a str,
}

/// The sign-in of this state token, as the widget shows it. Classic Engine's signs in whoever nobody knows yet by itself,
/// and comes back to this sign-in with a session.
pub(crate) fn page(site: &Site, engine: Engine, state_token: &str, sign_in: &SignIn) -> Response {
    let (base_url, nonce) = (site.names.org_url(), Secret::random("nonce"));
    let begins = engine == Engine::Classic && sign_in.user.is_none();
    let page = WidgetPage {
        org: &site.names.name,
        base_url: &base_url,
        script: engine.script(),
        starter: engine.starter(),
        state_token: if begins { "" } else { state_token },
        username: if begins { &sign_in.username } else { "" },
        next: &format!("{base_url}{}", authn::step_up_path(state_token)),
        nonce: nonce.expose(),
    };
    // The widget writes style elements, and marks them with the nonce that it is given.
    let policy = format!(
        "default-src 'none'; style-src 'self' 'nonce-{}'; script-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; form-action https:; base-uri 'none'; frame-ancestors 'self'",
        nonce.expose()
    );
    html_under(&policy, StatusCode::OK, &page)
}

/// The widget's files, where there is a widget.
pub(crate) fn router() -> Router<Site> {
    Router::new().route("/widget/{*path}", get(file))
}

async fn file(State(site): State<Site>, extract::Path(path): extract::Path<String>) -> Response {
    let file = site.widget.as_ref().and_then(|widget| widget.file(&path));
    let (Some(file), Some(content_type)) = (file, content_type(&path)) else {
        return error_page(&site, StatusCode::NOT_FOUND, "Page not found", "There is no such page here.");
    };
    match tokio::task::spawn_blocking(|| std::fs::read(file)).await {
        Ok(Ok(bytes)) => {
            let headers =
                [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "public, max-age=3600")];
            (headers, bytes).into_response()
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Of the kinds of files that the widget loads.
fn content_type(path: &str) -> Option<&'static str> {
    match path.rsplit_once('.')?.1 {
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "json" | "map" => Some("application/json"),
        "svg" => Some("image/svg+xml"),
        "png" => Some("image/png"),
        "gif" => Some("image/gif"),
        "woff" => Some("font/woff"),
        "woff2" => Some("font/woff2"),
        "ttf" => Some("font/ttf"),
        "otf" => Some("font/otf"),
        "eot" => Some("application/vnd.ms-fontobject"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Cause;
    use crate::sign_in::encoded;
    use crate::testing::{Answer, ORG, PASSWORD, TestOrg};
    use http::Method;
    use serde_json::json;
    use std::fs;

    const FILES: [&str; 3] =
        ["js/okta-sign-in.oie.min.js", "css/okta-sign-in.min.css", "js/okta-sign-in.classic.min.js"];

    /// A folder that looks like the package, with something beside it that nobody may have.
    fn package() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret.js"), "secret").unwrap();
        for name in FILES {
            let file = folder.path().join("dist").join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, name).unwrap();
        }
        fs::write(folder.path().join("dist/js/notes.txt"), "notes").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path().join("secret.js"), folder.path().join("dist/js/out.js"))
            .unwrap();
        folder
    }

    #[test]
    fn a_folder_without_the_widget_is_refused_with_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let refused = SignInWidget::open(folder.path(), Engine::IdentityEngine).unwrap_err().to_string();
        assert!(refused.contains("dist/") && refused.contains("npm pack"), "{refused}");
        let package = package();
        fs::remove_file(package.path().join("dist/js/okta-sign-in.oie.min.js")).unwrap();
        let refused = SignInWidget::open(package.path(), Engine::IdentityEngine).unwrap_err().to_string();
        assert!(refused.contains("dist/js/okta-sign-in.oie.min.js"), "{refused}");
    }

    #[tokio::test]
    async fn the_page_is_the_widget_under_a_strict_policy() {
        let package = package();
        let org =
            TestOrg::with_widget(SignInWidget::open(package.path(), Engine::IdentityEngine).unwrap()).await;
        let mut browser = org.browser();
        let page = browser.get(&format!("{ORG}/")).await;
        let attribute = |name: &str| {
            let (_, rest) = page.body.split_once(&format!("{name}=\"")).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        assert_eq!(attribute("data-base-url"), ORG);
        let policy = page.header(header::CONTENT_SECURITY_POLICY);
        assert!(
            policy.contains(&format!("style-src 'self' 'nonce-{}';", attribute("data-nonce"))),
            "{policy}"
        );
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("script-src 'self';"),
            "{policy}"
        );
        assert!(!page.body.contains("<script>"));
        let token = attribute("data-state-token");
        let again = browser.get(&format!("{ORG}/signin?stateToken={token}")).await;
        assert!(again.body.contains(&token));
    }

    #[tokio::test]
    async fn classic_engines_page_begins_by_itself_and_comes_back_to_its_sign_in() {
        let package = package();
        let org = TestOrg::with_widget(SignInWidget::open(package.path(), Engine::Classic).unwrap()).await;
        org.model().assign_user(&org.app.id, &org.alice.id, &Cause::system()).unwrap();
        let mut browser = org.browser();
        let page = browser.get(&org.authorize_url(&[("login_hint", "alice@acme.test")])).await;
        let attribute = |page: &Answer, name: &str| {
            let (_, rest) = page.body.split_once(&format!("{name}=\"")).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        assert!(page.body.contains("/widget/js/okta-sign-in.classic.min.js"));
        assert!(page.body.contains("/assets/widget-classic.js"));
        assert_eq!(attribute(&page, "data-state-token"), "", "the widget begins with a name");
        assert_eq!(attribute(&page, "data-username"), "alice@acme.test");
        let next = attribute(&page, "data-next");
        assert!(next.starts_with(&format!("{ORG}/login/step-up/redirect?stateToken=00")), "{next}");
        // What the widget does with the password, and where it then sends the browser.
        let body = json!({ "username": "alice@acme.test", "password": PASSWORD }).to_string();
        let url = format!("{ORG}/api/v1/authn");
        let done = browser.send(Method::POST, &url, Some(("application/json", body))).await.json();
        let (token, redirect) = (done["sessionToken"].as_str().unwrap(), encoded(&next));
        let url = format!("{ORG}/login/sessionCookieRedirect?token={token}&redirectUrl={redirect}");
        assert_eq!(browser.get(&url).await.location(), next);
        assert!(browser.get(&next).await.parameter("code").is_some());
        // Whoever has a session and is asked for more goes on with that sign-in.
        let asked = browser.get(&org.authorize_url(&[("prompt", "login")])).await;
        assert_eq!(attribute(&asked, "data-state-token"), "");
        let asked = browser.get(&org.authorize_url(&[("max_age", "0")])).await;
        assert!(attribute(&asked, "data-state-token").starts_with("00"));
    }

    #[tokio::test]
    async fn the_widgets_files_are_served_and_nothing_beside_them() {
        let package = package();
        let org =
            TestOrg::with_widget(SignInWidget::open(package.path(), Engine::IdentityEngine).unwrap()).await;
        let mut browser = org.browser();
        for (name, content_type) in FILES.into_iter().zip(["text/javascript", "text/css", "text/javascript"])
        {
            let file = browser.get(&format!("{ORG}/widget/{name}")).await;
            assert_eq!((file.status, file.body.as_str()), (StatusCode::OK, name));
            assert_eq!(file.header(header::CONTENT_TYPE), format!("{content_type}; charset=utf-8"));
        }
        for path in [
            "js/out.js",
            "js/notes.txt",
            "js/absent.js",
            "js",
            "js/%2e%2e/%2e%2e/secret.js",
            "%2e%2e/secret.js",
            "..%2fsecret.js",
            "js/..%5c..%5csecret.js",
            "%2fetc%2fpasswd.js",
            "js//okta-sign-in.oie.min.js",
        ] {
            let refused = browser.get(&format!("{ORG}/widget/{path}")).await;
            assert_eq!(refused.status, StatusCode::NOT_FOUND, "{path}");
        }
        let without = TestOrg::new().await;
        let refused = without.browser().get(&format!("{ORG}/widget/{}", FILES[0])).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND);
    }
}
