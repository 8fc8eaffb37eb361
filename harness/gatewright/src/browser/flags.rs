//! What the browser is told when it starts.

use std::net::SocketAddr;
use std::path::Path;

use super::Engine;

/// What differs from browser to browser.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    pub(crate) engine: Engine,
    pub(crate) headed: bool,
    /// Root can't have the sandbox.
    pub(crate) root: bool,
    /// One person's browser: in a window of its own off the record, behind this proxy.
    pub(crate) incognito_behind: Option<SocketAddr>,
}

/// No traffic of the browser's own, no question to the person, nothing throttled because it is not looked at, and no
/// way to the network but a proxy.
const ALWAYS: &[&str] = &[
    "--remote-debugging-port=0",
    "--window-size=1280,800",
    "--lang=en-US",
    "--force-color-profile=srgb",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-field-trial-config",
    "--disable-hang-monitor",
    "--disable-prompt-on-repost",
    "--disable-quic",
    "--disable-renderer-backgrounding",
    "--disable-search-engine-choice-screen",
    "--disable-sync",
    "--disable-features=AutofillServerCommunication,CertificateTransparencyComponentUpdater,DialMediaRouteProvider,\
     MediaRouter,OptimizationHints,Translate",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--metrics-recording-only",
    "--mute-audio",
    "--password-store=basic",
    "--use-mock-keychain",
];

/// Loopback names go through the proxy too, as all others.
pub(crate) const NO_BYPASS: &str = "<-loopback>";

/// The arguments of a browser that keeps what it keeps in `profile`.
pub(crate) fn arguments(manner: &Manner, profile: &Path) -> Vec<String> {
    let mut arguments: Vec<String> = ALWAYS.iter().map(ToString::to_string).collect();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    match (manner.headed, manner.engine) {
        (true, _) => {}
        (false, Engine::Shell) => arguments.push("--headless".into()),
        (false, Engine::Chromium) => arguments.push("--headless=new".into()),
    }
    if manner.root {
        arguments.push("--no-sandbox".into());
    }
    if let Some(proxy) = manner.incognito_behind {
        arguments.push("--incognito".into());
        arguments.push(format!("--proxy-server=http://{proxy}"));
        arguments.push(format!("--proxy-bypass-list={NO_BYPASS}"));
    }
    arguments.push("about:blank".into());
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flag_weakens_verification_and_the_sandbox_goes_for_root_alone() {
        let manner = Manner { engine: Engine::Shell, headed: false, root: false, incognito_behind: None };
        let arguments = arguments(&manner, Path::new("/somewhere"));
        let told = arguments.join(" ");
        for weakening in
            ["ignore-certificate", "allow-insecure", "disable-web-security", "no-sandbox", "incognito"]
        {
            assert!(!told.contains(weakening), "{told}");
        }
        assert!(arguments.iter().any(|argument| argument == "--headless"));
        let manner = Manner {
            engine: Engine::Chromium,
            headed: true,
            root: true,
            incognito_behind: Some(SocketAddr::from(([127, 0, 0, 1], 9))),
        };
        let told = super::arguments(&manner, Path::new("/somewhere")).join(" ");
        assert!(told.contains("--no-sandbox --incognito --proxy-server=http://127.0.0.1:9"), "{told}");
        assert!(!told.contains("--headless"), "{told}");
    }
}
