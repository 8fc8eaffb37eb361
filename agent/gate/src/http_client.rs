use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

type Sending = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send>>;

/// The way to an issuer. It must not follow redirects and must bound bodies and time, as [`ground::Outbound`] does.
/// Requests for anything but `https` never reach it.
#[derive(Clone)]
pub struct Http {
    send: Arc<dyn Fn(HttpRequest) -> Sending + Send + Sync>,
}

/// Why an exchange with an issuer failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HttpError(String);

impl Http {
    /// A way that sends each request by `send`.
    pub fn new<F, E>(send: impl Fn(HttpRequest) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<HttpResponse, E>> + Send + 'static,
        E: fmt::Display,
    {
        let send = move |request: HttpRequest| -> Sending {
            if request.uri().scheme_str() != Some("https") {
                let refused = HttpError(format!("{} is not an https URL", request.uri()));
                return Box::pin(std::future::ready(Err(refused)));
            }
            let sending = send(request);
            Box::pin(async { sending.await.map_err(|error| HttpError(error.to_string())) })
        };
        Self { send: Arc::new(send) }
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Sending;

    fn call(&'c self, request: HttpRequest) -> Sending {
        (self.send)(request)
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}
