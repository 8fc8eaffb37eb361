//! `verify-webhook` needs the whole body, which then goes on as it came.

use policy::ActionResult;
use policy::action::{VerifyWebhook, Webhook, WebhookAnswer};

use super::body;
use super::request::{Halt, Passing, answer};
use super::scene::Scene;
use crate::proxy::full;

/// Verifies the request's signature.
pub(super) async fn verify(
    action: &VerifyWebhook,
    passing: &mut Passing,
    scene: &Scene<'_>,
) -> Result<ActionResult, Halt> {
    let body = body::whole(passing).await?;
    let request = super::scene::request(&passing.head, Some(body.len() as u64), scene.now());
    let url = scene.facts(Some(request), None).url().map(|url| url.raw).unwrap_or_default();
    let webhook =
        Webhook { method: &passing.head.method, url: &url, headers: &passing.head.headers, body: &body };
    match action.decide(&webhook, scene.now())? {
        WebhookAnswer::Pass(result) => {
            passing.body = full(body);
            Ok(result)
        }
        WebhookAnswer::Challenge(reply) => Err(Halt::Answer(answer(reply))),
    }
}
