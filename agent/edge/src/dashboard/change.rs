use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use url::form_urlencoded;

use super::fault::Fault;
use super::router::Dashboard;
use super::viewer::Viewer;

/// A form's fields, each there at most once.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) async fn of(request: Request) -> Result<Self, Fault> {
        let body: Bytes = request.extract().await.map_err(|_| Fault::Malformed)?;
        let fields: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
        let repeated = fields
            .iter()
            .enumerate()
            .any(|(at, (name, _))| fields[..at].iter().any(|(other, _)| other == name));
        if repeated { Err(Fault::Malformed) } else { Ok(Self(fields)) }
    }

    pub(super) fn text(&self, name: &str) -> Result<&str, Fault> {
        let field = self.0.iter().find(|(candidate, _)| candidate == name);
        field.map(|(_, value)| value.as_str()).ok_or(Fault::Malformed)
    }
}

/// A form that an administrator sent from a page of their session. The origin has been checked before.
pub(super) struct Change {
    pub(super) viewer: Viewer,
    pub(super) fields: Fields,
}

impl FromRequest<Dashboard> for Change {
    type Rejection = Fault;

    async fn from_request(request: Request, dashboard: &Dashboard) -> Result<Self, Fault> {
        let Sent { viewer, fields } = Sent::from_request(request, dashboard).await?;
        if viewer.may_change() { Ok(Self { viewer, fields }) } else { Err(Fault::MembersLook) }
    }
}

/// A form that anyone sent from a page of their session.
pub(super) struct Sent {
    pub(super) viewer: Viewer,
    pub(super) fields: Fields,
}

impl FromRequest<Dashboard> for Sent {
    type Rejection = Fault;

    async fn from_request(mut request: Request, dashboard: &Dashboard) -> Result<Self, Fault> {
        let viewer: Viewer = request.extract_parts_with_state(dashboard).await?;
        let fields = Fields::of(request).await?;
        if viewer.csrf.matches(fields.text("csrf")?) {
            Ok(Self { viewer, fields })
        } else {
            Err(Fault::Stale)
        }
    }
}
