//! A client with one kept HTTP/1.1 connection over TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, LOCATION};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use crate::Outcome;

/// It ends with its connection.
pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
    authorization: Option<HeaderValue>,
    cookies: Option<HeaderValue>,
}

impl Client {
    /// Connects to the org of this issuer.
    pub(crate) async fn connect(issuer: &str, address: SocketAddr, tls: &Arc<ClientConfig>) -> Outcome<Self> {
        let issuer = Url::parse(issuer)?;
        let name = issuer.host_str().ok_or("the issuer names no host")?.to_owned();
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let stream = TlsConnector::from(Arc::clone(tls)).connect(ServerName::try_from(name)?, stream).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // Its error is that of the request which it breaks.
            let _ = connection.await;
        });
        let host = HeaderValue::from_str(issuer.authority())?;
        Ok(Self { sender, host, authorization: None, cookies: None })
    }

    /// The same, with these credentials from now on.
    pub(crate) fn authorized(mut self, credentials: &str) -> Outcome<Self> {
        self.authorization = Some(HeaderValue::from_str(credentials)?);
        Ok(self)
    }

    /// The same, with these cookies from now on.
    pub(crate) fn with_cookies(mut self, cookies: &str) -> Outcome<Self> {
        self.cookies = Some(HeaderValue::from_str(cookies)?);
        Ok(self)
    }

    /// The document at a path.
    pub(crate) async fn get(&mut self, path: &str) -> Outcome<Value> {
        let (status, answer) = self.send(Method::GET, path, None).await?;
        json(path, status, &answer)
    }

    /// What a form is answered with.
    pub(crate) async fn post_form(&mut self, path: &str, form: &str) -> Outcome<Value> {
        let body = ("application/x-www-form-urlencoded", form.to_owned());
        let (status, answer) = self.send(Method::POST, path, Some(body)).await?;
        json(path, status, &answer)
    }

    /// What a document is answered with.
    pub(crate) async fn post_json(&mut self, path: &str, document: &Value) -> Outcome<Value> {
        let body = ("application/json", document.to_string());
        let (status, answer) = self.send(Method::POST, path, Some(body)).await?;
        json(path, status, &answer)
    }

    /// The code that a relying party is sent.
    pub(crate) async fn code(&mut self, path: &str) -> Outcome<String> {
        let (status, answer) = self.send(Method::GET, path, None).await?;
        let location = answer.headers().get(LOCATION).map(|location| location.to_str()).transpose()?;
        let callback = Url::parse(location.ok_or_else(|| format!("{path} was answered with {status}"))?)?;
        let code = callback.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned());
        Ok(code.ok_or_else(|| format!("{callback} brings no code"))?)
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<(&'static str, String)>,
    ) -> Outcome<(StatusCode, Response<Bytes>)> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, &self.host);
        for (name, value) in [(AUTHORIZATION, &self.authorization), (COOKIE, &self.cookies)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let (content_type, body) = body.unzip();
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        self.sender.ready().await?;
        let answer = self.sender.send_request(request.body(body.unwrap_or_default().into())?).await?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok((head.status, Response::from_parts(head, body)))
    }
}

fn json(path: &str, status: StatusCode, answer: &Response<Bytes>) -> Outcome<Value> {
    match status.is_success() {
        true => Ok(serde_json::from_slice(answer.body())?),
        false => {
            let said = String::from_utf8_lossy(answer.body());
            Err(format!("{path} was answered with {status}: {said}").into())
        }
    }
}
