//! People who open an endpoint in a real browser, each with a profile of their own.

use serde_json::{Value, json};

use super::scene::Scene;
use crate::browser::Browser;
use crate::platform::Platform;
use crate::script::{Said, Script};
use crate::test::Client;

const PLAYWRIGHT: Client = Client { package: "playwright-core", platform: Platform::Browser };

impl Scene {
    /// What becomes of people who open this URL and sign in where they are asked to, one after the other: for each the
    /// pages' `origins`, and of the last page `url`, `status`, `text` and the `cookies` that its host has set.
    pub(super) async fn visits(&self, url: &str, people: &[&Value]) -> Result<Vec<Value>, String> {
        let packages = self.packages.of(PLAYWRIGHT.platform).await?;
        let browser = Browser::trusting(self.world.authority()).await?;
        let visits: Vec<Value> =
            people.iter().map(|person| json!({ "url": url, "person": person })).collect();
        let scene = json!({
            "client": PLAYWRIGHT.package, "browser": browser.description(), "visits": visits,
            "issuer": self.world.issuer(),
        });
        let script = Script { client: PLAYWRIGHT, name: "visit" };
        match script.play(&packages, self.world.authority(), &scene).await? {
            Said::Seen(mut seen) => match seen["visits"].take() {
                Value::Array(visits) => Ok(visits),
                other => Err(format!("the browser saw {other}")),
            },
            Said::Refused(refusal) => Err(refusal),
        }
    }
}
