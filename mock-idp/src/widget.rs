//! Okta's own Sign-In Widget in place of our sign-in pages, from an unpacked npm package.

use std::io;
use std::path::{Path, PathBuf};

use askama::Template;
use axum::Router;
use axum::extract::{self, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use ground::Secret;
use http::{StatusCode, header};

use crate::site::Site;
use crate::web::{error_page, html_under};

/// The widget's files that the page loads, below `dist`.
const NEEDED: [&str; 2] = ["js/okta-sign-in.oie.min.js", "css/okta-sign-in.min.css"];

/// An unpacked `@okta/okta-signin-widget`. Every file below its folder `dist` is served, and none beside it.
#[derive(Clone, Debug)]
pub struct SignInWidget {
    dist: PathBuf,
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
    /// The widget in `folder`, which holds what the npm package holds.
    ///
    /// # Errors
    /// When the files that the sign-in page loads are not there.
    pub fn open(folder: &Path) -> Result<Self, WidgetError> {
        let error = |missing: &str, reason| WidgetError {
            folder: folder.to_owned(),
            missing: format!("dist/{missing}"),
            reason,
        };
        let dist = folder.join("dist").canonicalize().map_err(|reason| error("", reason))?;
        for name in NEEDED {
            std::fs::metadata(dist.join(name)).map_err(|reason| error(name, reason))?;
        }
        Ok(Self { dist })
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
    state_token: &'a str,
    nonce: &'a str,
}

/// The sign-in of this state token, as the widget shows it.
pub(crate) fn page(site: &Site, state_token: &str) -> Response {
    let (base_url, nonce) = (site.names.org_url(), Secret::random("nonce"));
    let page = WidgetPage { org: &site.names.name, base_url: &base_url, state_token, nonce: nonce.expose() };
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
    use crate::testing::{ORG, TestOrg};
    use std::fs;

    /// A folder that looks like the package, with something beside it that nobody may have.
    fn package() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret.js"), "secret").unwrap();
        for name in NEEDED {
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
        let refused = SignInWidget::open(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("dist/") && refused.contains("npm pack"), "{refused}");
        let package = package();
        fs::remove_file(package.path().join("dist/js/okta-sign-in.oie.min.js")).unwrap();
        let refused = SignInWidget::open(package.path()).unwrap_err().to_string();
        assert!(refused.contains("dist/js/okta-sign-in.oie.min.js"), "{refused}");
    }

    #[tokio::test]
    async fn the_page_is_the_widget_under_a_strict_policy() {
        let package = package();
        let org = TestOrg::with_widget(SignInWidget::open(package.path()).unwrap()).await;
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
    async fn the_widgets_files_are_served_and_nothing_beside_them() {
        let package = package();
        let org = TestOrg::with_widget(SignInWidget::open(package.path()).unwrap()).await;
        let mut browser = org.browser();
        for (name, content_type) in NEEDED.into_iter().zip(["text/javascript", "text/css"]) {
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
        let refused = without.browser().get(&format!("{ORG}/widget/{}", NEEDED[0])).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND);
    }
}
