//! The site that people visit here: every host under `tunnel.test` and `okta.test`, over real TLS.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use ::http::{Method, Request, Response, StatusCode};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use ground::{Authority, Connection, Tasks};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

type Answer = Response<BoxBody<Bytes, Infallible>>;

/// Starts the site; where it is.
pub(crate) async fn start(authority: &Authority, tasks: &Tasks) -> SocketAddr {
    let listener = ground::serve::bind_loopback().await.unwrap();
    let address = listener.local_addr().unwrap();
    let serves = |host: &str| host.ends_with(".tunnel.test") || host.ends_with(".okta.test");
    let tls = authority.server_config(&[b"h2", b"http/1.1"], serves).unwrap();
    let spawner = tasks.spawner();
    let service = move |connection: Connection| {
        let tasks = spawner.clone();
        tower::service_fn(move |request| {
            let tasks = tasks.clone();
            async move { Ok::<_, Infallible>(answer(request, connection, &tasks).await) }
        })
    };
    tasks.spawn(ground::serve::serve(listener, tls, tasks.spawner(), service));
    address
}

async fn answer(mut request: Request<Incoming>, connection: Connection, tasks: &ground::Spawner) -> Answer {
    let path = request.uri().path().to_owned();
    match (request.method().clone(), path.as_str()) {
        (_, "/") => page("Home", include_str!("pages/home.html")),
        (Method::GET, "/form") => page("Form", include_str!("pages/form.html")),
        (Method::POST, "/form") => {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            redirect(StatusCode::SEE_OTHER, &format!("/done?{}", String::from_utf8_lossy(&body)))
        }
        (_, "/done") => {
            let fields = url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
            let items: String = fields.map(|(name, value)| format!("<li>{name} = {value}</li>")).collect();
            page("Done", &format!("<h1>Thank you</h1><ul>{items}</ul>"))
        }
        (_, "/start") => redirect(StatusCode::FOUND, "/middle"),
        (_, "/middle") => {
            let mut answer = redirect(StatusCode::FOUND, "https://other.okta.test/end");
            let headers = answer.headers_mut();
            headers.append(
                "set-cookie",
                "__Host-first=1; Path=/; Secure; HttpOnly; SameSite=Lax".parse().unwrap(),
            );
            headers.append("set-cookie", "second=2; Path=/; Secure".parse().unwrap());
            answer
        }
        (_, "/end") => page("End", "<p>You have arrived."),
        (_, "/whoami") => {
            // HTTP/2 may split them over several fields (RFC 9113, 8.2.3).
            let cookies = request.headers().get_all("cookie").iter().map(|value| value.to_str().unwrap());
            let cookies = match cookies.collect::<Vec<_>>().join("; ") {
                none if none.is_empty() => "none".to_owned(),
                cookies => cookies,
            };
            page(
                "Who",
                &format!("<p id=ip>You come from {}</p><p>Cookies: {cookies}</p>", connection.peer.ip()),
            )
        }
        (_, "/security-key") => page("Security key", include_str!("pages/security_key.html")),
        (_, "/troubled") => page("Troubled", include_str!("pages/troubled.html")),
        (_, "/console") => page("Console", include_str!("pages/console.html")),
        (_, "/refused") => {
            let mut answer = page("Refused", "<p>You may not.");
            *answer.status_mut() = StatusCode::FORBIDDEN;
            answer.headers_mut().insert("ngrok-error-code", "ERR_NGROK_3200".parse().unwrap());
            answer
        }
        (_, "/empty") => status(StatusCode::NO_CONTENT),
        (method, "/echo") => {
            let headers = format!("{:?}", request.headers());
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let text = format!("{method}\n{}\n{headers}", String::from_utf8_lossy(&body));
            let mut answer = full(text);
            answer.headers_mut().insert("x-echo", "yes".parse().unwrap());
            answer
        }
        (_, "/upload") => {
            let mut length = 0;
            let mut body = request.into_body();
            while let Some(Ok(frame)) = body.frame().await {
                length += frame.data_ref().map_or(0, Bytes::len);
            }
            full(length.to_string())
        }
        (_, "/events") => {
            let mut answer = full("id: 1\ndata: one\n\nevent: tick\ndata: two\n\ndata: three\n\n");
            answer.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
            answer
        }
        (_, "/socket") => upgrade(&mut request, tasks),
        (_, "/unauthorized") => status(StatusCode::UNAUTHORIZED),
        _ => {
            let mut answer = page("Not found", "<p>There is nothing here.");
            *answer.status_mut() = StatusCode::NOT_FOUND;
            answer
        }
    }
}

/// A WebSocket that says back what it hears.
fn upgrade(request: &mut Request<Incoming>, tasks: &ground::Spawner) -> Answer {
    let Some(key) = request.headers().get("sec-websocket-key") else {
        return status(StatusCode::BAD_REQUEST);
    };
    let accept = derive_accept_key(key.as_bytes());
    let upgrading = hyper::upgrade::on(request);
    tasks.spawn(async move {
        let Ok(upgraded) = upgrading.await else { return };
        let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() && socket.send(message).await.is_err() {
                return;
            }
        }
    });
    let mut answer = status(StatusCode::SWITCHING_PROTOCOLS);
    let headers = answer.headers_mut();
    headers.insert("upgrade", "websocket".parse().unwrap());
    headers.insert("connection", "upgrade".parse().unwrap());
    headers.insert("sec-websocket-accept", accept.parse().unwrap());
    answer
}

fn page(title: &str, body: &str) -> Answer {
    let mut answer =
        full(format!("<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><body>{body}"));
    answer.headers_mut().insert("content-type", "text/html; charset=utf-8".parse().unwrap());
    answer
}

fn redirect(code: StatusCode, to: &str) -> Answer {
    let mut answer = status(code);
    answer.headers_mut().insert("location", to.parse().unwrap());
    answer
}

fn status(code: StatusCode) -> Answer {
    let mut answer = full("");
    *answer.status_mut() = code;
    answer
}

fn full(text: impl Into<String>) -> Answer {
    Response::new(Full::new(Bytes::from(text.into())).boxed())
}

/// A TLS server that has a certificate for `name` alone, whatever it is asked for, under an authority of its own; where
/// it is, and that authority's certificate.
pub(crate) async fn with_certificate_for(name: &str, tasks: &Tasks) -> (SocketAddr, String) {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let (authority_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &Issuer::new(params, authority_key)).unwrap();
    let private = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
    let tls =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], private.into())
            .unwrap();
    let listener = ground::serve::bind_loopback().await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = |_| {
        tower::service_fn(|_| async { Ok::<_, Infallible>(page("Theirs", "<p>You should not be here.")) })
    };
    tasks.spawn(ground::serve::serve(listener, Arc::new(tls), tasks.spawner(), service));
    (address, authority.pem())
}
