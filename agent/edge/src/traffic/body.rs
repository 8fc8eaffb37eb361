//! A request's body, read before it goes on.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt;
use policy::Denial;

use super::request::Passing;
use crate::proxy::{Body, empty};

/// How large a body may be that is read first, in bytes.
const MOST_BYTES: usize = 1024 * 1024;

/// How long it may take to arrive. Real time.
const PATIENCE: Duration = Duration::from_secs(30);

/// Takes the whole body out. Whoever does puts it back.
pub(super) async fn whole(passing: &mut Passing) -> Result<Bytes, Denial> {
    let body = std::mem::replace(&mut passing.body, empty());
    let refused = |status, message: &str| Denial {
        status,
        code: None,
        message: message.to_owned(),
        headers: Vec::new(),
        detail: None,
    };
    match tokio::time::timeout(PATIENCE, collect(body)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(Incomplete::TooLong)) => {
            Err(refused(StatusCode::PAYLOAD_TOO_LARGE, "A body that has to be verified has at most 1 MiB."))
        }
        Ok(Err(Incomplete::Broken)) => Err(refused(StatusCode::BAD_REQUEST, "The request's body broke off.")),
        Err(_) => Err(refused(StatusCode::REQUEST_TIMEOUT, "The request's body did not arrive in time.")),
    }
}

enum Incomplete {
    TooLong,
    Broken,
}

async fn collect(mut body: Body) -> Result<Bytes, Incomplete> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Incomplete::Broken)?.into_data() else { continue };
        if bytes.len() + data.len() > MOST_BYTES {
            return Err(Incomplete::TooLong);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}
