//! Modules of routes: each a sub-resource of its own. Those that this edge does not enforce are never there,
//! and can't be set.

use axum::Json;
use axum::extract::Path;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::online::reference;
use super::request::{Body, Caller};
use super::router::Uris;
use super::routes::ids;
use crate::model::{Account, EdgeId, Module, ModuleChange, ModuleKind, Route, RouteChange, RouteId};

/// Modules of ngrok's routes that are not offered.
const NOT_ON_ROUTES: [&str; 2] = ["oauth", "saml"];

/// The refusal of a module.
fn not_offered(name: &str) -> ApiError {
    ApiError::bad_request(214, format!("{name:?} is not offered by this edge."))
}

/// The modules among the members of a route that are not known otherwise.
pub(super) fn of_members(members: Map<String, Value>) -> Result<Vec<ModuleChange>, ApiError> {
    let said = members.into_iter().filter(|(_, value)| !value.is_null());
    let read = said.map(|(name, value)| match ModuleKind::parse(&name) {
        Some(kind) => Ok(ModuleChange::Set(read(kind, value)?)),
        None if NOT_ON_ROUTES.contains(&name.as_str()) => Err(not_offered(&name)),
        None => Err(ApiError::bad_request(213, format!("A route has no member {name:?}."))),
    });
    read.collect()
}

/// Puts the modules of a route, and `null` for those that it has not, among its members.
pub(super) fn show_all(uris: &Uris, route: &Route, members: &mut Value) {
    for kind in ModuleKind::ALL {
        members[kind.name()] = json!(route.modules.get(kind).map(|module| shape(uris, module)));
    }
    for name in NOT_ON_ROUTES {
        members[name] = Value::Null;
    }
}

fn read(kind: ModuleKind, value: Value) -> Result<Module, ApiError> {
    Module::read(kind, value).map_err(|error| {
        ApiError::bad_request(213, format!("{:?} can't be read as what it is: {error}.", kind.name()))
    })
}

/// A module as it is shown: what it refers to as references.
fn shape(uris: &Uris, module: &Module) -> Value {
    match module {
        Module::IpRestriction(module) => {
            let policies = module.ip_policy_ids.iter().map(|id| reference(uris, "/ip_policies", id));
            json!({ "enabled": module.enabled, "ip_policies": policies.collect::<Vec<_>>() })
        }
        other => other.write(),
    }
}

type OfRoute = Path<(String, String, String)>;

pub(super) async fn set_on_route(
    Caller(account): Caller,
    uris: Uris,
    Path(path): OfRoute,
    Body(asked): Body<Value>,
) -> Result<Json<Value>, ApiError> {
    let Named { edge, route, kind } = on_route(&account, path, true)?;
    let kind = kind.ok_or_else(ApiError::nothing_here)?;
    let change = ModuleChange::Set(read(kind, asked)?);
    let change = RouteChange { modules: vec![change], ..RouteChange::default() };
    show(&uris, &account.update_route(&edge, &route, change)?, kind)
}

pub(super) async fn show_on_route(
    Caller(account): Caller,
    uris: Uris,
    Path(path): OfRoute,
) -> Result<Json<Value>, ApiError> {
    let name = path.2.clone();
    let Named { edge, route, kind } = on_route(&account, path, false)?;
    let kind = kind.ok_or_else(|| ApiError::not_found("module", &name))?;
    show(&uris, &account.route(&edge, &route)?, kind)
}

pub(super) async fn delete_on_route(
    Caller(account): Caller,
    Path(path): OfRoute,
) -> Result<StatusCode, ApiError> {
    let Named { edge, route, kind } = on_route(&account, path, false)?;
    if let Some(kind) = kind {
        let change = RouteChange { modules: vec![ModuleChange::Remove(kind)], ..RouteChange::default() };
        account.update_route(&edge, &route, change)?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// A module of a route; no kind: one that is not offered.
struct Named {
    edge: EdgeId,
    route: RouteId,
    kind: Option<ModuleKind>,
}

fn on_route(
    account: &Account,
    (edge, route, module): (String, String, String),
    to_set: bool,
) -> Result<Named, ApiError> {
    let (edge, route) = ids((edge, route))?;
    account.route(&edge, &route)?;
    let kind = ModuleKind::parse(&module);
    match (kind, NOT_ON_ROUTES.contains(&module.as_str())) {
        (None, true) if to_set => Err(not_offered(&module)),
        (None, false) => Err(ApiError::nothing_here()),
        _ => Ok(Named { edge, route, kind }),
    }
}

fn show(uris: &Uris, route: &Route, kind: ModuleKind) -> Result<Json<Value>, ApiError> {
    let module = route.modules.get(&kind).ok_or_else(|| ApiError::not_found("module", kind.name()))?;
    Ok(Json(shape(uris, module)))
}
