//! Which route of an Edge a request's path belongs to, so that no spelling of a path slips past the route that guards it.

use super::{PathMatch, Route};

/// How many times a path is decoded while that still changes it: an upstream may decode more than once.
const DECODINGS: usize = 3;

/// The answer to "which route".
#[derive(Debug)]
pub(crate) enum Chosen<'a> {
    /// This one, however the upstream reads the path.
    Route(&'a Route),
    /// None.
    Nothing,
    /// One as the path is written, another as an upstream may read it: the request is refused.
    Ambiguous,
}

/// Chooses the route for a path as it stands in the request line, percent-encoded.
pub(crate) fn choose<'a>(routes: &'a [Route], path: &str) -> Chosen<'a> {
    let written = best(routes, path);
    let read = canonical(path).map(|path| best(routes, &path));
    match (written, read) {
        (Some(written), Some(Some(read))) if written.id == read.id => Chosen::Route(written),
        (None, Some(None)) => Chosen::Nothing,
        // A path that no one can read the same way is fine where it makes no difference.
        (Some(only), None) if routes.len() == 1 && only.matches.path() == "/" => Chosen::Route(only),
        _ => Chosen::Ambiguous,
    }
}

fn best<'a>(routes: &'a [Route], path: &str) -> Option<&'a Route> {
    let rank = |route: &&Route| match &route.matches {
        PathMatch::Exact(_) => usize::MAX,
        PathMatch::Prefix(prefix) => prefix.len(),
    };
    let fits = |route: &&Route| match &route.matches {
        PathMatch::Exact(exact) => exact == path,
        PathMatch::Prefix(prefix) => path.starts_with(prefix.as_str()),
    };
    routes.iter().filter(fits).max_by_key(rank)
}

/// The path as the most obliging upstream reads it: decoded, `\` as `/`, parameters after `;` dropped from dot segments,
/// dot segments and empty segments resolved. `None` when it decodes to something that is no text.
fn canonical(path: &str) -> Option<String> {
    let mut decoded = path.to_owned();
    for _ in 0..DECODINGS {
        let next = percent_decode(&decoded)?;
        if next == decoded {
            break;
        }
        decoded = next;
    }
    let mut segments: Vec<&str> = Vec::new();
    let mut trailing = false;
    for segment in decoded.split(['/', '\\']) {
        let name = segment.split(';').next().unwrap_or_default();
        trailing = matches!(name, "" | "." | "..");
        match name {
            "" if segment.is_empty() => {}
            "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    let mut out = String::from("/");
    out.push_str(&segments.join("/"));
    if trailing && !segments.is_empty() {
        out.push('/');
    }
    Some(out)
}

fn percent_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
        let mut ahead = bytes.clone();
        match (digit(ahead.next()), digit(ahead.next())) {
            (Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                bytes = ahead;
            }
            // A lone percent sign stands for itself.
            _ => out.push(byte),
        }
    }
    String::from_utf8(out).ok().filter(|text| !text.contains(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RouteId;
    use proptest::prelude::*;

    fn route(matches: PathMatch) -> Route {
        Route {
            id: RouteId::random(),
            created_at: chrono::Utc::now(),
            matches,
            description: String::new(),
            metadata: String::new(),
            backend: None,
            oidc: None,
            modules: Default::default(),
        }
    }

    fn routes() -> Vec<Route> {
        [
            PathMatch::Prefix("/".into()),
            PathMatch::Prefix("/admin".into()),
            PathMatch::Exact("/admin/health".into()),
        ]
        .map(route)
        .to_vec()
    }

    fn chosen(path: &str) -> Option<String> {
        match choose(&routes(), path) {
            Chosen::Route(route) => Some(route.matches.path().to_owned()),
            Chosen::Nothing | Chosen::Ambiguous => None,
        }
    }

    #[test]
    fn the_most_exact_route_is_chosen() {
        assert_eq!(chosen("/").as_deref(), Some("/"));
        assert_eq!(chosen("/reports").as_deref(), Some("/"));
        assert_eq!(chosen("/admin/users").as_deref(), Some("/admin"));
        assert_eq!(chosen("/admin/health").as_deref(), Some("/admin/health"));
        assert_eq!(chosen("/a%20b/100%").as_deref(), Some("/"));
    }

    #[test]
    fn no_spelling_slips_past_the_route_that_guards_it() {
        for path in [
            "/%61dmin",
            "/%2561dmin",
            "//admin",
            "/./admin",
            "/x/../admin",
            "/x/%2e%2e/admin",
            "/..;/admin",
            "/\\admin",
            "/x/..%5cadmin",
            "/admin/../",
            "/admin/../x",
            "/%ff/../admin",
        ] {
            assert_eq!(chosen(path), None, "{path}");
        }
    }

    #[test]
    fn with_one_route_for_everything_no_path_is_in_doubt() {
        let routes = [route(PathMatch::Prefix("/".into()))];
        for path in ["/%ff", "/x/../y", "//"] {
            assert!(matches!(choose(&routes, path), Chosen::Route(_)), "{path}");
        }
    }

    proptest! {
        #[test]
        fn a_canonical_path_is_its_own_canonical_form(path in "/[a-z./%;25e]{0,20}") {
            if let Some(once) = canonical(&path) && !once.contains('%') {
                prop_assert_eq!(canonical(&once), Some(once));
            }
        }
    }
}
