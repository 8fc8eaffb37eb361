//! The one table of variables: their names, when they are there, and how they are read.

use cel::Value;
use http::header::{LOCATION, USER_AGENT};

use crate::policy::Phase;
use crate::reading::advice;

use super::{ClientCertificate, Facts, Tls, cookies, media_type, request_url, values};

struct Variable {
    name: &'static str,
    /// The first phase in which it has a value.
    from: Phase,
    /// Whether its members may be selected: `req.headers.host`.
    has_members: bool,
    read: fn(&Facts<'_>) -> Option<Value>,
}

/// A variable that was found in a name.
pub(crate) struct Found {
    /// The variable's own name.
    pub(crate) name: String,
    /// How many segments of the name are the variable's; the others are members of its value.
    pub(crate) segments: usize,
    /// Whether it is a map, which is made anew each time that it is read.
    pub(crate) is_map: bool,
}

const fn plain(name: &'static str, from: Phase, read: fn(&Facts<'_>) -> Option<Value>) -> Variable {
    Variable { name, from, has_members: false, read }
}

const fn map(name: &'static str, from: Phase, read: fn(&Facts<'_>) -> Option<Value>) -> Variable {
    Variable { name, from, has_members: true, read }
}

static VARIABLES: [Variable; 64] = {
    use Phase::{HttpRequest, HttpResponse, TcpConnect};
    [
        plain("conn.client_ip", TcpConnect, |facts| values::text(facts.connection.client.ip().to_string())),
        plain("conn.client_port", TcpConnect, |facts| Some(facts.connection.client.port().into_int())),
        plain("conn.server_ip", TcpConnect, |facts| values::text(facts.connection.server.ip().to_string())),
        plain("conn.server_port", TcpConnect, |facts| Some(facts.connection.server.port().into_int())),
        plain("conn.server_region", TcpConnect, |facts| values::text(&facts.connection.region)),
        plain("conn.ts.start", TcpConnect, |facts| values::time(facts.connection.started)),
        plain("conn.tls.sni", HttpRequest, |facts| values::text(tls(facts)?.sni.as_ref()?)),
        plain("conn.tls.version", HttpRequest, |facts| values::text(&tls(facts)?.version)),
        plain("conn.tls.cipher_suite", HttpRequest, |facts| values::text(&tls(facts)?.cipher_suite)),
        plain("conn.tls.negotiated_alpn", HttpRequest, |facts| values::text(tls(facts)?.alpn.as_ref()?)),
        plain("conn.tls.session_resumed", HttpRequest, |facts| tls(facts).map(|_| Value::Bool(false))),
        plain("conn.tls.client.pem", HttpRequest, |facts| values::text(&client(facts)?.pem)),
        plain("conn.tls.client.subject", HttpRequest, |facts| values::text(&client(facts)?.subject)),
        plain("conn.tls.client.subject.common_name", HttpRequest, |facts| {
            values::text(client(facts)?.subject_common_name.as_ref()?)
        }),
        plain("conn.tls.client.issuer", HttpRequest, |facts| values::text(&client(facts)?.issuer)),
        plain("conn.tls.client.issuer.common_name", HttpRequest, |facts| {
            values::text(client(facts)?.issuer_common_name.as_ref()?)
        }),
        plain("conn.tls.client.serial_number", HttpRequest, |facts| {
            values::text(&client(facts)?.serial_number)
        }),
        plain("conn.tls.client.san.dns_names", HttpRequest, |facts| {
            values::texts(client(facts)?.dns_names.iter().map(String::as_str))
        }),
        plain("conn.tls.client.san.email_addresses", HttpRequest, |facts| {
            values::texts(client(facts)?.email_addresses.iter().map(String::as_str))
        }),
        plain("endpoint.addr", TcpConnect, |facts| {
            values::text(format!("{}:{}", facts.endpoint.host, facts.endpoint.port))
        }),
        plain("endpoint.host", TcpConnect, |facts| values::text(&facts.endpoint.host)),
        plain("endpoint.id", TcpConnect, |facts| values::text(&facts.endpoint.id)),
        plain("endpoint.port", TcpConnect, |facts| Some(facts.endpoint.port.into_int())),
        plain("endpoint.protocol", TcpConnect, |facts| values::text(facts.endpoint.protocol)),
        plain("endpoint.url", TcpConnect, |facts| values::text(&facts.endpoint.url)),
        plain("time.now", TcpConnect, |facts| values::text(facts.now.to_rfc3339())),
        plain("req.content_encoding", HttpRequest, |facts| {
            media_type::encodings(&facts.request?.head.headers)
        }),
        plain("req.content_length", HttpRequest, |facts| facts.request?.body_length.map(IntoInt::into_int)),
        plain("req.content_type", HttpRequest, |facts| {
            values::text(media_type::essence(&facts.request?.head.headers).unwrap_or_default())
        }),
        map("req.content_type.parameters", HttpRequest, |facts| {
            match media_type::raw(&facts.request?.head.headers) {
                Some(_) => media_type::parameters(&facts.request?.head.headers),
                None => values::map([]),
            }
        }),
        plain("req.content_type.raw", HttpRequest, |facts| {
            values::text(media_type::raw(&facts.request?.head.headers).unwrap_or_default())
        }),
        map("req.cookies", HttpRequest, |facts| cookies::of_request(&facts.request?.head.headers)),
        map("req.headers", HttpRequest, |facts| values::headers(&facts.request?.head.headers)),
        plain("req.host", HttpRequest, |facts| values::text(request_url::authority(facts.request?.head)?)),
        plain("req.location", HttpRequest, |facts| {
            values::text(facts.request?.head.headers.get(LOCATION).map(values::lossy).unwrap_or_default())
        }),
        plain("req.method", HttpRequest, |facts| values::text(facts.request?.head.method.as_str())),
        plain("req.ts.header_received", HttpRequest, |facts| values::time(facts.request?.received)),
        plain("req.url", HttpRequest, |facts| values::text(facts.url()?.normalized)),
        plain("req.url.authority", HttpRequest, |facts| values::text(facts.url()?.normalized.authority())),
        plain("req.url.host", HttpRequest, |facts| values::text(facts.url()?.normalized.host_str()?)),
        plain("req.url.path", HttpRequest, |facts| values::text(facts.url()?.normalized.path())),
        plain("req.url.port", HttpRequest, |facts| facts.url()?.normalized.port().map(IntoInt::into_int)),
        plain("req.url.query", HttpRequest, |facts| {
            values::text(facts.url()?.normalized.query().unwrap_or_default())
        }),
        map("req.url.query_params", HttpRequest, |facts| {
            let url = facts.url()?.normalized;
            values::grouped(url.query_pairs().map(|(name, value)| (name.into_owned(), (*value).into())))
        }),
        plain("req.url.raw", HttpRequest, |facts| values::text(facts.url()?.raw)),
        plain("req.url.raw_path", HttpRequest, |facts| values::text(facts.request?.head.uri.path())),
        plain("req.url.scheme", HttpRequest, |facts| values::text(facts.url()?.normalized.scheme())),
        plain("req.url.uri", HttpRequest, |facts| {
            let url = facts.url()?.normalized;
            values::text(&url[url::Position::BeforePath..url::Position::AfterQuery])
        }),
        plain("req.user_agent", HttpRequest, |facts| {
            values::text(facts.request?.head.headers.get(USER_AGENT).map(values::lossy).unwrap_or_default())
        }),
        plain("req.version", HttpRequest, |facts| {
            values::text(match facts.request?.head.version {
                http::Version::HTTP_2 => "HTTP/2.0",
                http::Version::HTTP_10 => "HTTP/1.0",
                _ => "HTTP/1.1",
            })
        }),
        plain("res.content_encoding", HttpResponse, |facts| media_type::encodings(facts.response?.headers)),
        plain("res.content_length", HttpResponse, |facts| facts.response?.body_length.map(IntoInt::into_int)),
        plain("res.content_type", HttpResponse, |facts| {
            values::text(media_type::essence(facts.response?.headers).unwrap_or_default())
        }),
        map("res.content_type.parameters", HttpResponse, |facts| {
            match media_type::raw(facts.response?.headers) {
                Some(_) => media_type::parameters(facts.response?.headers),
                None => values::map([]),
            }
        }),
        plain("res.content_type.raw", HttpResponse, |facts| {
            values::text(media_type::raw(facts.response?.headers).unwrap_or_default())
        }),
        map("res.cookies", HttpResponse, |facts| cookies::of_response(facts.response?.headers)),
        map("res.headers", HttpResponse, |facts| values::headers(facts.response?.headers)),
        plain("res.location", HttpResponse, |facts| {
            values::text(facts.response?.headers.get(LOCATION).map(values::lossy).unwrap_or_default())
        }),
        plain("res.status_code", HttpResponse, |facts| Some(facts.response?.status.as_u16().into_int())),
        // Policies from before 2024 ask for these; the status is text in them.
        plain("conn.ClientIP", TcpConnect, |facts| values::text(facts.connection.client.ip().to_string())),
        plain("req.Method", HttpRequest, |facts| values::text(facts.request?.head.method.as_str())),
        map("req.Headers", HttpRequest, |facts| values::headers(&facts.request?.head.headers)),
        map("res.Headers", HttpResponse, |facts| values::headers(facts.response?.headers)),
        plain("res.StatusCode", HttpResponse, |facts| values::text(facts.response?.status.as_str())),
    ]
};

/// What ngrok knows and this edge does not.
const NOT_OFFERED: [&str; 12] = [
    "conn.bytes_in",
    "conn.bytes_out",
    "conn.client_ip.categories",
    "conn.client_ip.is_on_blocklist",
    "conn.geo",
    "conn.k8s",
    "conn.tls.client",
    "conn.tls.ja4_fingerprint",
    "conn.tls.server",
    "req.trailers",
    "req.user_agent",
    "res.trailers",
];

/// What the actions leave for later rules: `actions.ngrok.<action>.<member>`.
const RESULTS: [(&str, &[&str]); 12] = [
    ("add_headers", &["headers_added"]),
    ("basic_auth", &["credentials"]),
    ("compress", &["already_compressed", "negotiated_algorithm"]),
    ("jwt_validation", &["tokens", "error"]),
    ("log", &["metadata"]),
    (
        "oidc",
        &[
            "error",
            "identity",
            "identity_token",
            "access_token",
            "refresh_token",
            "expires_at",
            "session_timed_out",
            "session_max_duration_reached",
            "userinfo_refreshed",
        ],
    ),
    ("rate_limit", &["bucket_key", "limited", "error"]),
    ("redirect", &["matches", "url", "error"]),
    ("remove_headers", &["headers_removed"]),
    ("restrict_ips", &["action", "matched_cidr", "error"]),
    ("url_rewrite", &["matches", "url", "error"]),
    ("verify_webhook", &["verified", "error"]),
];

/// The variable that a name begins with, if a phase has it; else what is wrong with the name.
pub(crate) fn find_variable(segments: &[String], phase: Phase) -> Result<Found, String> {
    let whole = segments.join(".");
    if let [actions, ngrok, action, members @ ..] = segments
        && actions == "actions"
        && ngrok == "ngrok"
    {
        return find_result(action, members);
    }
    for used in (1..=segments.len()).rev() {
        let name = segments[..used].join(".");
        let Some(variable) = VARIABLES.iter().find(|variable| variable.name == name) else { continue };
        if used < segments.len() && !variable.has_members {
            break;
        }
        if variable.from > phase {
            return Err(format!("`{name}` is known from {} on, and this is {phase}", variable.from));
        }
        return Ok(Found { name, segments: used, is_map: variable.has_members });
    }
    if NOT_OFFERED.iter().any(|known| whole == *known || whole.starts_with(&format!("{known}."))) {
        return Err(format!("this edge does not offer `{whole}`"));
    }
    let names =
        VARIABLES.iter().map(|variable| variable.name).filter(|name| !name.contains(char::is_uppercase));
    let beneath: Vec<_> = names.clone().filter(|name| name.starts_with(&format!("{whole}."))).collect();
    match beneath.is_empty() {
        true => {
            let near = crate::reading::nearest(&whole, names);
            let advice = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            Err(format!("there is no variable `{whole}`{advice}"))
        }
        false => Err(format!("`{whole}` is no value itself; there is {}", beneath.join(", "))),
    }
}

fn find_result(action: &str, members: &[String]) -> Result<Found, String> {
    let Some((_, known)) = RESULTS.iter().find(|(name, _)| *name == action) else {
        let advice = advice(action, RESULTS.iter().map(|(name, _)| *name));
        return Err(format!("no action leaves results under `{action}`; {advice}"));
    };
    if let Some(member) = members.first()
        && !known.contains(&member.as_str())
    {
        let advice = advice(member, known.iter().copied());
        return Err(format!("`actions.ngrok.{action}` has no `{member}`; {advice}"));
    }
    Ok(Found { name: format!("actions.ngrok.{action}"), segments: 3, is_map: true })
}

/// What a variable is now.
pub(super) enum Fact {
    Value(Value),
    /// It is not there, as the port of a URL without one.
    Absent,
    /// It is there, and more than expressions are given.
    TooLarge,
}

/// Reads a variable.
pub(super) fn read(facts: &Facts<'_>, name: &str) -> Fact {
    let value = match name.strip_prefix("actions.ngrok.") {
        Some(action) => facts.results.of(action).and_then(|members| cel::to_value(members).ok()),
        None => {
            let variable = VARIABLES.iter().find(|variable| variable.name == name);
            variable.and_then(|variable| (variable.read)(facts))
        }
    };
    match value {
        Some(value) if values::is_too_large(&value) => Fact::TooLarge,
        Some(value) => Fact::Value(value),
        None => Fact::Absent,
    }
}

fn tls<'a>(facts: &Facts<'a>) -> Option<&'a Tls> {
    facts.connection.tls.as_ref()
}

fn client<'a>(facts: &Facts<'a>) -> Option<&'a ClientCertificate> {
    tls(facts)?.client.as_ref()
}

/// CEL has one kind of whole number with a sign.
trait IntoInt {
    fn into_int(self) -> Value;
}

impl IntoInt for u16 {
    fn into_int(self) -> Value {
        Value::Int(i64::from(self))
    }
}

impl IntoInt for u64 {
    fn into_int(self) -> Value {
        Value::Int(i64::try_from(self).unwrap_or(i64::MAX))
    }
}
