//! A program that embeds ngrok's SDK for Rust. It does what it is asked, a line of JSON each on standard input, and says
//! what came of it on standard output, and what happened meanwhile. When nobody can ask any more, it ends.

mod app;
mod options;

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use ngrok::Session;
use ngrok::config::{ForwarderBuilder, TunnelBuilder};
use ngrok::prelude::{Error as _, Tunnel};
use ngrok::session::{ConnectError, RpcError, Update};
use ngrok::tunnel::{EdgeInfo, EndpointInfo, TunnelCloser, TunnelInfo};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use url::Url;

use app::App;

/// What the lock file says; the crate itself doesn't tell.
const LOCK: &str = include_str!("../Cargo.lock");

/// What can't happen in an exercise that is as it should be.
type Broken = Box<dyn Error>;

/// What the SDK said when it refused.
struct Refusal {
    message: String,
    code: String,
}

#[derive(Default)]
struct Agent {
    session: Option<Session>,
    /// What forwards, by its id. Dropped, it ends.
    forwarders: HashMap<String, Box<dyn TunnelCloser + Send>>,
    app: App,
}

#[tokio::main]
async fn main() -> Result<(), Broken> {
    tell(&json!({ "client": "ngrok", "version": version().ok_or("the lock file has no ngrok")? }));
    let mut agent = Agent::default();
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let asked: Value = serde_json::from_str(&line)?;
        tell(&match agent.perform(&asked).await? {
            Ok(done) => json!({ "done": done }),
            Err(Refusal { message, code }) => json!({ "refused": { "message": message, "code": code } }),
        });
    }
    std::process::exit(0)
}

impl Agent {
    async fn perform(&mut self, asked: &Value) -> Result<Result<Value, Refusal>, Broken> {
        Ok(match text(&asked["do"])? {
            "connect" => self.connect(&asked["session"]).await?,
            "listen" => self.listen(asked).await?,
            "close" => self.close(text(&asked["id"])?).await,
            "close the session" => self.session()?.close().await.map(|()| json!({})).map_err(refusal),
            "tell what was seen" => Ok(json!({ "requests": self.app.seen() })),
            other => return Err(format!("nobody knows how to {other}").into()),
        })
    }

    async fn connect(&mut self, asked: &Value) -> Result<Result<Value, Refusal>, Broken> {
        let mut builder = Session::builder();
        for (name, value) in asked.as_object().into_iter().flatten() {
            match name.as_str() {
                "authtoken" => builder.authtoken(text(value)?),
                "server_addr" => builder.server_addr(text(value)?)?,
                "root_cas" => builder.root_cas(text(value)?)?,
                "metadata" => builder.metadata(text(value)?),
                "heartbeat_interval" => builder.heartbeat_interval(seconds(value)?)?,
                "heartbeat_tolerance" => builder.heartbeat_tolerance(seconds(value)?)?,
                other => return Err(format!("sessions have no {other}").into()),
            };
        }
        builder
            .handle_heartbeat(|latency: Option<Duration>| async move {
                tell(&json!({ "event": "heartbeat", "latency": latency.map(|latency| latency.as_millis()) }));
                Ok(())
            })
            .handle_stop_command(|_| happened(json!({ "event": "stop" })))
            .handle_restart_command(|_| happened(json!({ "event": "restart" })))
            .handle_update_command(|update: Update| {
                let (version, major) = (update.version, update.permit_major_version);
                happened(json!({ "event": "update", "version": version, "permitMajorVersion": major }))
            });
        match builder.connect().await {
            Ok(session) => {
                self.session = Some(session);
                Ok(Ok(json!({})))
            }
            Err(error @ ConnectError::Auth(_)) => {
                let code = error.error_code().unwrap_or_default().to_owned();
                Ok(Err(Refusal { message: error.msg(), code }))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn listen(&mut self, asked: &Value) -> Result<Result<Value, Refusal>, Broken> {
        let (session, options, app) = (self.session()?, &asked["options"], text(&asked["app"])?);
        Ok(match text(&asked["proto"])? {
            "http" => self.endpoint(&options::http(session, options)?, app).await?,
            "tcp" => self.endpoint(&options::tcp(session, options)?, app).await?,
            "tls" => self.endpoint(&options::tls(session, options)?, app).await?,
            "labeled" => {
                let builder = options::labeled(session, options)?;
                match app {
                    "own" => builder.listen().await.map_err(refusal).map(|tunnel| {
                        let said = json!({ "id": tunnel.id(), "labels": tunnel.labels() });
                        self.app.serve(tunnel);
                        said
                    }),
                    url => {
                        builder.listen_and_forward(Url::parse(url)?).await.map_err(refusal).map(|tunnel| {
                            let said = json!({ "id": tunnel.id(), "labels": tunnel.labels() });
                            self.forwarders.insert(tunnel.id().to_owned(), Box::new(tunnel));
                            said
                        })
                    }
                }
            }
            other => return Err(format!("there are no {other} tunnels").into()),
        })
    }

    async fn endpoint<B>(&mut self, builder: &B, app: &str) -> Result<Result<Value, Refusal>, Broken>
    where
        B: ForwarderBuilder,
        B::Tunnel: Tunnel + EndpointInfo + TunnelCloser + Send + Unpin + 'static,
        <B::Tunnel as Tunnel>::Conn: Unpin + Send + 'static,
    {
        fn said(tunnel: &(impl EndpointInfo + TunnelInfo)) -> Value {
            json!({
                "id": tunnel.id(), "url": tunnel.url(), "proto": tunnel.proto(), "metadata": tunnel.metadata(),
            })
        }
        Ok(match app {
            "own" => builder.listen().await.map_err(refusal).map(|tunnel| {
                let said = said(&tunnel);
                self.app.serve(tunnel);
                said
            }),
            url => builder.listen_and_forward(Url::parse(url)?).await.map_err(refusal).map(|forwarder| {
                let said = said(&forwarder);
                self.forwarders.insert(forwarder.id().to_owned(), Box::new(forwarder));
                said
            }),
        })
    }

    async fn close(&mut self, id: &str) -> Result<Value, Refusal> {
        match (self.forwarders.get_mut(id), &self.session) {
            (Some(forwarder), _) => forwarder.close().await.map_err(refusal)?,
            (None, Some(session)) => session.close_tunnel(id).await.map_err(refusal)?,
            (None, None) => {}
        }
        Ok(json!({}))
    }

    fn session(&self) -> Result<Session, Broken> {
        Ok(self.session.clone().ok_or("there is no session yet")?)
    }
}

fn refusal(error: RpcError) -> Refusal {
    Refusal { message: error.msg(), code: error.error_code().unwrap_or_default().to_owned() }
}

async fn happened(what: Value) -> Result<(), String> {
    tell(&what);
    Ok(())
}

/// Lines come whole, whoever tells.
fn tell(what: &Value) {
    println!("{what}");
}

fn text(value: &Value) -> Result<&str, Broken> {
    value.as_str().ok_or_else(|| format!("{value} is no text").into())
}

fn seconds(value: &Value) -> Result<Duration, Broken> {
    value.as_u64().map(Duration::from_secs).ok_or_else(|| format!("{value} are no seconds").into())
}

fn version() -> Option<&'static str> {
    let mut lines = LOCK.lines().skip_while(|line| *line != "name = \"ngrok\"");
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}
