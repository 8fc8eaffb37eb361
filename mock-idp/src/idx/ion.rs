//! What forms are made of: ION as Okta writes it.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::{Value, json};

/// Of every answer, success or not.
const CONTENT_TYPE: &str = "application/ion+json; okta-version=1.0.0";

/// What forms are sent in.
const ACCEPTS: &str = "application/json; okta-version=1.0.0";

pub(super) fn response(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, CONTENT_TYPE)], body.to_string()).into_response()
}

/// A sign-in's forms all go to the same org and carry the same handle.
#[derive(Clone, Copy)]
pub(super) struct Forms<'a> {
    pub(super) org: &'a str,
    pub(super) handle: &'a str,
}

impl Forms<'_> {
    /// A form with these fields, to be sent to `/idp/idx/…`.
    pub(super) fn form(self, name: &str, path: &str, fields: Vec<Value>) -> Value {
        let handle = json!({
            "name": "stateHandle", "required": true, "value": self.handle, "visible": false, "mutable": false,
        });
        let fields: Vec<Value> = fields.into_iter().chain([handle]).collect();
        json!({
            "rel": ["create-form"],
            "name": name,
            "href": format!("{}/idp/idx/{path}", self.org),
            "method": "POST",
            "produces": CONTENT_TYPE,
            "value": fields,
            "accepts": ACCEPTS,
        })
    }

    /// The same, about something else in the answer.
    pub(super) fn form_about(self, what: &str, name: &str, path: &str, fields: Vec<Value>) -> Value {
        let mut form = self.form(name, path, fields);
        form["relatesTo"] = json!([what]);
        form
    }
}

/// The proof that a form asks for.
pub(super) fn credentials(fields: &[Value]) -> Value {
    json!({ "name": "credentials", "type": "object", "form": { "value": fields }, "required": true })
}

pub(super) fn secret(name: &str, label: &str) -> Value {
    json!({ "name": name, "label": label, "secret": true })
}

pub(super) fn visible(name: &str, label: &str) -> Value {
    json!({ "name": name, "label": label, "required": true, "visible": true })
}

/// A field that the browser fills, and not the person.
pub(super) fn of_browser(name: &str, label: &str) -> Value {
    json!({ "name": name, "label": label, "required": true, "visible": false })
}

/// A field whose value the client sends back as it is.
pub(super) fn fixed(name: &str, required: bool, value: &str) -> Value {
    json!({ "name": name, "required": required, "value": value, "mutable": false })
}

pub(super) fn list(values: &[Value]) -> Value {
    json!({ "type": "array", "value": values })
}

pub(super) fn object(value: &Value) -> Value {
    json!({ "type": "object", "value": value })
}

/// An error in words and, where Okta has one, by the key under which clients have it in other languages.
pub(super) fn error(text: &str, key: Option<&str>) -> Value {
    match key {
        Some(key) => json!({ "message": text, "i18n": { "key": key, "params": [] }, "class": "ERROR" }),
        None => json!({ "message": text, "class": "ERROR" }),
    }
}
