//! The app behind a tunnel: it says what it was asked.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::TryStreamExt;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use ngrok::Tunnel;
use serde_json::{Map, Value, json};

#[derive(Clone, Default)]
pub(crate) struct App(Arc<Mutex<Vec<Value>>>);

impl App {
    /// The requests until now.
    pub(crate) fn seen(&self) -> Vec<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Answers what comes through the tunnel, until it ends.
    pub(crate) fn serve<T>(&self, mut tunnel: T)
    where
        T: Tunnel + Send + Unpin + 'static,
        T::Conn: Unpin + Send + 'static,
    {
        let app = self.clone();
        tokio::spawn(async move {
            while let Ok(Some(connection)) = tunnel.try_next().await {
                let app = app.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| {
                        let answer = app.answer(&request);
                        async move { Ok::<_, Infallible>(answer) }
                    });
                    let server = Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(connection), service).await;
                });
            }
        });
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let text =
            |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = request.headers().iter();
        let headers: Map<String, Value> =
            headers.map(|(name, value)| (name.to_string(), text(value).into())).collect();
        let url = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let seen = json!({ "method": request.method().as_str(), "url": url, "headers": headers });
        let mut response = Response::new(Full::from(seen.to_string()));
        response
            .headers_mut()
            .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
        response
    }
}
