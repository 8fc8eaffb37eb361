//! rathole with TLS between its two ends, as others know it, built by cargo the first time.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rcgen::{CertificateParams, DnType, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::Outcome;

const VERSION: &str = "0.5.0";
const PASSWORD: &str = "bench";

/// Both ends, and where its clients connect.
pub(crate) struct Rathole {
    address: SocketAddr,
    _ends: [Child; 2],
    _files: TempDir,
}

impl Rathole {
    /// Starts it in front of `upstream`, and waits until it leads there. Says why it can't.
    pub(crate) async fn start(upstream: SocketAddr) -> Result<Self, String> {
        Self::set(upstream).await.map_err(|error| error.to_string())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    async fn set(upstream: SocketAddr) -> Outcome<Self> {
        let program = program().await?;
        let files = tempfile::tempdir()?;
        certify(files.path()).await?;
        let [between, address] = [free()?, free()?];
        let path = |name: &str| files.path().join(name).display().to_string();
        let server = format!(
            "[server]\nbind_addr = \"{between}\"\ndefault_token = \"bench\"\n\
             [server.transport]\ntype = \"tls\"\n\
             [server.transport.tls]\npkcs12 = \"{}\"\npkcs12_password = \"{PASSWORD}\"\n\
             [server.services.app]\nbind_addr = \"{address}\"\n",
            path("identity.p12")
        );
        let client = format!(
            "[client]\nremote_addr = \"{between}\"\ndefault_token = \"bench\"\n\
             [client.transport]\ntype = \"tls\"\n\
             [client.transport.tls]\ntrusted_root = \"{}\"\nhostname = \"localhost\"\n\
             [client.services.app]\nlocal_addr = \"{upstream}\"\n",
            path("ca.pem")
        );
        fs::write(files.path().join("server.toml"), server)?;
        fs::write(files.path().join("client.toml"), client)?;
        let end = |name: &str| {
            let mut command = Command::new(&program);
            command.arg(format!("--{name}")).arg(files.path().join(format!("{name}.toml")));
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()
        };
        let ends = [end("server")?, end("client")?];
        let answers = async { while !answers(address).await {} };
        tokio::time::timeout(Duration::from_secs(10), answers)
            .await
            .map_err(|_| "its two ends did not come together in 10 s")?;
        Ok(Self { address, _ends: ends, _files: files })
    }
}

/// Whether the upstream answers through it. It takes connections before its ends are joined, and drops them.
async fn answers(address: SocketAddr) -> bool {
    let asked = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.ok()?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.ok()
    };
    if asked.await.is_some() {
        return true;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    false
}

/// The program, in the target folder.
async fn program() -> Outcome<PathBuf> {
    let this = std::env::current_exe()?;
    // target/release/deps/tunnel-…
    let target = this.ancestors().nth(3).ok_or("this program is in no target folder")?;
    let root = target.join(format!("rathole-{VERSION}"));
    let program = root.join("bin").join("rathole");
    if program.is_file() {
        return Ok(program);
    }
    let mut cargo = Command::new(env!("CARGO"));
    // Without its own lock file: what that names does not compile any more.
    cargo.args(["install", "rathole", "--quiet", "--version", VERSION]);
    cargo.args(["--no-default-features", "--features", "server,client,tls", "--root"]).arg(&root);
    // Its own dependencies, with its own settings.
    cargo.env("CARGO_TARGET_DIR", root.join("build")).current_dir(std::env::temp_dir()).stdin(Stdio::null());
    let output = cargo.output().await?;
    match output.status.success() {
        true => Ok(program),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("cargo could not install it: {}", said.trim().lines().last().unwrap_or_default())
                .into())
        }
    }
}

/// An authority, and an identity for `localhost`, which rathole reads in PKCS #12.
async fn certify(folder: &Path) -> Outcome {
    let (authority_key, key) = (KeyPair::generate()?, KeyPair::generate()?);
    let mut authority = CertificateParams::new(Vec::new())?;
    // By default both had one name, and the leaf would look self-signed.
    authority.distinguished_name.push(DnType::CommonName, "Authority");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let own = authority.self_signed(&authority_key)?;
    let issuer = Issuer::from_params(&authority, &authority_key);
    let leaf = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &issuer)?;
    let file = |name: &str| folder.join(name);
    fs::write(file("ca.pem"), own.pem())?;
    fs::write(file("leaf.pem"), leaf.pem())?;
    fs::write(file("key.pem"), key.serialize_pem())?;
    let mut openssl = Command::new("openssl");
    openssl.args(["pkcs12", "-export", "-passout"]).arg(format!("pass:{PASSWORD}"));
    openssl.arg("-in").arg(file("leaf.pem")).arg("-inkey").arg(file("key.pem"));
    openssl.arg("-out").arg(file("identity.p12"));
    let output =
        openssl.output().await.map_err(|error| format!("openssl, which makes its identity: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("openssl: {}", String::from_utf8_lossy(&output.stderr).trim()).into()),
    }
}

/// An address that nobody listens on now.
fn free() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
