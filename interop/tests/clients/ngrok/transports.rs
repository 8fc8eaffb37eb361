//! Endpoints that carry bytes: `tcp` and `tls`.

use serde_json::{Value, json};
use tokio_rustls::TlsAcceptor;

use super::Exercise;
use super::certificates::{self, Own};
use super::clients::{dial, dial_tls, exchange};
use super::scene::{Scene, eventually, expect};
use super::sdk::Sdk;
use super::upstream::{PROXY_V2, Upstream};

pub(super) fn exercises() -> Vec<Exercise> {
    let of = |name, sdks, play| Exercise { name, sdks, needs: &[], play };
    vec![
        of("tcp/carries-bytes", &Sdk::ALL, |scene| Box::pin(carries_bytes(scene))),
        of("tcp/keeps-addresses-out", Sdk::OF_THE_CRATE, |scene| Box::pin(keeps_addresses_out(scene))),
        of("tcp/proxy-protocol", &Sdk::ALL, |scene| Box::pin(tells_of_callers(scene, "tcp"))),
        of("http/proxy-protocol", Sdk::OF_THE_CRATE, |scene| Box::pin(tells_of_callers(scene, "http"))),
        of("tls/passes-through", &Sdk::ALL, |scene| Box::pin(passes_through(scene))),
        of("tls/ends-at-the-edge", Sdk::OF_THE_CRATE, |scene| Box::pin(ends_at_the_edge(scene))),
        of("tls/asks-for-certificates", Sdk::OF_THE_CRATE, |scene| Box::pin(asks_for_certificates(scene))),
    ]
}

async fn carries_bytes(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    let upstream = Upstream::repeating().await?;
    let endpoint = forward(scene, "tcp", json!({}), &upstream).await?;
    expect("the protocol", &endpoint["proto"], &json!("tcp"))?;
    let answer = called(port_of(&endpoint)?, "over and over").await?;
    expect("the answer", &json!(answer), &json!("over and over"))?;
    expect("what the upstream was told", &json!(upstream.heads()), &json!(["over and over"]))?;
    scene.agent.done(json!({ "do": "close", "id": endpoint["id"] })).await?;
    // Whoever has got the port since answers otherwise.
    let port = port_of(&endpoint)?;
    let is_gone = async || Ok(called(port, "still there?").await.is_err());
    eventually("nobody answers at an endpoint that was closed", is_gone).await
}

async fn keeps_addresses_out(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    let upstream = Upstream::repeating().await?;
    let denied = json!({ "ip_restriction_deny_cidrs": ["127.0.0.0/8"] });
    let endpoint = forward(scene, "tcp", denied, &upstream).await?;
    if let Ok(answer) = called(port_of(&endpoint)?, "let me in").await {
        return Err(format!("whom the endpoint keeps out was told {answer:?}"));
    }
    expect("what the upstream was told", &json!(upstream.heads()), &json!([]))?;
    let allowed = json!({ "ip_restriction_allow_cidrs": ["127.0.0.1/32"] });
    let endpoint = forward(scene, "tcp", allowed, &upstream).await?;
    let answer = called(port_of(&endpoint)?, "here I am").await?;
    expect("the answer", &json!(answer), &json!("here I am"))
}

/// What somebody hears who calls there, and says this.
async fn called(port: u16, said: &str) -> Result<String, String> {
    exchange(&mut dial(port).await?, said).await
}

/// The upstream hears by the PROXY protocol who calls.
async fn tells_of_callers(scene: &mut Scene, proto: &str) -> Result<(), String> {
    scene.connect().await?;
    for version in ["1", "2"] {
        let upstream = match proto {
            "http" => Upstream::answering("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await?,
            _ => Upstream::repeating().await?,
        };
        let endpoint = forward(scene, proto, json!({ "proxy_proto": version }), &upstream).await?;
        let from = if proto == "http" {
            let url = endpoint["url"].as_str().unwrap_or_default();
            expect("the answer", &json!(scene.world.get(url).await?.status().as_u16()), &json!(204))?;
            None
        } else {
            let mut client = dial(port_of(&endpoint)?).await?;
            let from = client.local_addr().map_err(|error| error.to_string())?;
            exchange(&mut client, "hello").await?;
            Some(from)
        };
        let told = upstream.told();
        let [told] = told.as_slice() else { return Err(format!("the upstream was told {told:?}")) };
        let begins = match (version, from) {
            ("1", Some(from)) => {
                told.starts_with(format!("PROXY TCP4 127.0.0.1 127.0.0.1 {} ", from.port()).as_bytes())
            }
            ("1", None) => told.starts_with(b"PROXY TCP4 127.0.0.1 127.0.0.1 "),
            // The command PROXY over TCP and IPv4, 12 bytes: two addresses and two ports.
            _ => {
                let header = [PROXY_V2, &[0x21, 0x11, 0, 12, 127, 0, 0, 1, 127, 0, 0, 1]].concat();
                let port = from.map(|from| from.port().to_be_bytes());
                told.starts_with(&header) && port.is_none_or(|port| told[header.len()..].starts_with(&port))
            }
        };
        if !begins {
            return Err(format!("version {version}: {:?}", String::from_utf8_lossy(told)));
        }
    }
    Ok(())
}

/// Nobody between a client and the upstream has the upstream's key.
async fn passes_through(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    let (own, name) = (Own::new()?, scene.world.domain("secret"));
    let upstream = Upstream::repeating_over_tls(TlsAcceptor::from(own.issue(&name)?.server()?)).await?;
    forward(scene, "tls", json!({ "domain": name }), &upstream).await?;
    let mut client = dial_tls(scene, &name, certificates::client(&own.pem, None)?).await?;
    expect("the answer", &json!(exchange(&mut client, "psst").await?), &json!("psst"))
}

async fn ends_at_the_edge(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    let (own, name) = (Own::new()?, scene.world.domain("secret"));
    let (pair, upstream) = (own.issue(&name)?, Upstream::repeating().await?);
    let termination = json!({ "certificate": pair.certificate, "key": pair.key });
    let options = json!({ "domain": name, "tls_termination": termination });
    forward(scene, "tls", options, &upstream).await?;
    let mut client = dial_tls(scene, &name, certificates::client(&own.pem, None)?).await?;
    expect("the answer", &json!(exchange(&mut client, "psst").await?), &json!("psst"))?;
    expect("what the upstream was told", &json!(upstream.heads()), &json!(["psst"]))
}

async fn asks_for_certificates(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    let (own, stranger, name) = (Own::new()?, Own::new()?, scene.world.domain("members"));
    let (pair, upstream) = (own.issue(&name)?, Upstream::repeating().await?);
    let termination = json!({ "certificate": pair.certificate, "key": pair.key });
    let options = json!({ "domain": name, "tls_termination": termination, "mutual_tls_cas": own.pem });
    forward(scene, "tls", options, &upstream).await?;
    let (member, other) = (own.issue("member")?, stranger.issue("other")?);
    for shown in [None, Some(&other)] {
        // In TLS 1.3 a client that is refused learns of it late.
        let refused = async {
            let mut client = dial_tls(scene, &name, certificates::client(&own.pem, shown)?).await?;
            exchange(&mut client, "let me in").await
        };
        if let Ok(answer) = refused.await {
            return Err(format!("somebody without a member's certificate was told {answer:?}"));
        }
    }
    expect("what the upstream was told", &json!(upstream.heads()), &json!([]))?;
    let mut client = dial_tls(scene, &name, certificates::client(&own.pem, Some(&member))?).await?;
    expect("the answer", &json!(exchange(&mut client, "here I am").await?), &json!("here I am"))
}

/// The program binds an endpoint and forwards what comes, as it is.
async fn forward(
    scene: &mut Scene,
    proto: &str,
    options: Value,
    upstream: &Upstream,
) -> Result<Value, String> {
    let scheme = if proto == "http" { "http" } else { "tcp" };
    let app = format!("{scheme}://{}", upstream.addr());
    scene.agent.done(json!({ "do": "listen", "proto": proto, "options": options, "app": app })).await
}

fn port_of(endpoint: &Value) -> Result<u16, String> {
    let url = endpoint["url"].as_str().unwrap_or_default();
    let port = url.rsplit(':').next().and_then(|port| port.parse().ok());
    port.ok_or_else(|| format!("there is no port in {url:?}"))
}
