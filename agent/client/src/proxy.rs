//! The proxy that an agent asks for the way to its edge: HTTP `CONNECT` (RFC 9110, 9.3.6) or SOCKS5 (RFC 1928, 1929).

use std::fmt;
use std::io;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ground::{Outbound, Secret};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::upstream::host_and_port;

/// The longest head of an answer that is read.
const MAX_HEAD: usize = 4096;

/// A proxy: `http://[user:password@]host:port` or `socks5://[user:password@]host:port`. Shows without the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    kind: Kind,
    host: String,
    port: u16,
    login: Option<(String, Secret)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Http,
    Socks5,
}

/// A text that names no proxy. It doesn't show the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a proxy is http:// or socks5:// and host:port, with user:password@ in front where it asks for them")]
pub struct ProxyError;

impl Proxy {
    pub(crate) fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Http => "http",
            Kind::Socks5 => "socks5",
        }
    }

    /// A connection to `host:port` by this proxy, which itself is reached by `way`.
    pub(crate) async fn connect(&self, way: &Outbound, host: &str, port: u16) -> io::Result<TcpStream> {
        let mut stream = way
            .connect(&self.host, self.port)
            .await
            .map_err(|error| io::Error::new(error.kind(), format!("the proxy at {self}: {error}")))?;
        match self.kind {
            Kind::Http => self.by_http(&mut stream, host, port).await?,
            Kind::Socks5 => self.by_socks5(&mut stream, host, port).await?,
        }
        Ok(stream)
    }

    async fn by_http(&self, stream: &mut TcpStream, host: &str, port: u16) -> io::Result<()> {
        let authority =
            if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let mut ask = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
        if let Some((user, password)) = &self.login {
            let login = STANDARD.encode(format!("{user}:{}", password.expose()));
            ask += &format!("Proxy-Authorization: Basic {login}\r\n");
        }
        stream.write_all(format!("{ask}\r\n").as_bytes()).await?;
        let mut head = Vec::with_capacity(256);
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() == MAX_HEAD {
                return Err(self.refuses("what it answers is not HTTP"));
            }
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head);
        let status_line = head.lines().next().unwrap_or_default();
        match status_line.split(' ').nth(1) {
            Some("200") => Ok(()),
            _ => Err(self.refuses(&format!("it answers {status_line:?}"))),
        }
    }

    async fn by_socks5(&self, stream: &mut TcpStream, host: &str, port: u16) -> io::Result<()> {
        const NONE: u8 = 0;
        const PASSWORD: u8 = 2;
        let methods: &[u8] = if self.login.is_some() { &[5, 2, NONE, PASSWORD] } else { &[5, 1, NONE] };
        stream.write_all(methods).await?;
        let mut chosen = [0; 2];
        stream.read_exact(&mut chosen).await?;
        match (chosen, &self.login) {
            ([5, NONE], _) => {}
            ([5, PASSWORD], Some((user, password))) => {
                let mut ask = vec![1];
                for text in [user, password.expose()] {
                    let length = u8::try_from(text.len())
                        .map_err(|_| self.refuses("its user or password is longer than 255 bytes"))?;
                    ask.push(length);
                    ask.extend_from_slice(text.as_bytes());
                }
                stream.write_all(&ask).await?;
                let mut verdict = [0; 2];
                stream.read_exact(&mut verdict).await?;
                if verdict[1] != 0 {
                    return Err(self.refuses("it does not know this user and password"));
                }
            }
            ([5, _], _) => return Err(self.refuses("it asks for a user and a password")),
            _ => return Err(self.refuses("what it answers is not SOCKS5")),
        }
        let length = u8::try_from(host.len()).map_err(|_| self.refuses("the edge's name is too long"))?;
        let mut ask = vec![5, 1, 0, 3, length];
        ask.extend_from_slice(host.as_bytes());
        ask.extend_from_slice(&port.to_be_bytes());
        stream.write_all(&ask).await?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await?;
        if answer[0] != 5 || answer[1] != 0 {
            return Err(self.refuses(socks5_reply(answer[1])));
        }
        let rest = match answer[3] {
            1 => 4,
            4 => 16,
            _ => usize::from(stream.read_u8().await?),
        };
        stream.read_exact(&mut vec![0; rest + 2]).await?;
        Ok(())
    }

    fn refuses(&self, why: &str) -> io::Error {
        io::Error::new(io::ErrorKind::ConnectionRefused, format!("the proxy at {self} gives no way: {why}"))
    }
}

/// RFC 1928, 6.
fn socks5_reply(code: u8) -> &'static str {
    match code {
        2 => "its rules forbid it",
        3 => "the network is unreachable",
        4 => "the host is unreachable",
        5 => "the connection was refused",
        6 => "it took too long",
        7 => "it opens no connections",
        8 => "it takes no names",
        _ => "something failed there",
    }
}

impl FromStr for Proxy {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let (scheme, rest) = text.split_once("://").ok_or(ProxyError)?;
        let (kind, default_port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (Kind::Http, 80),
            "socks5" | "socks5h" => (Kind::Socks5, 1080),
            _ => return Err(ProxyError),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (login, authority) = match rest.rsplit_once('@') {
            Some((login, authority)) => (Some(login), authority),
            None => (None, rest),
        };
        let login = login.map(|login| {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            (user.to_owned(), Secret::new("proxy password", password))
        });
        let (host, port) = host_and_port(authority, Some(default_port)).map_err(|_| ProxyError)?;
        Ok(Self { kind, host, port, login })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.kind(), self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_shows_without_its_password() {
        let proxy: Proxy = "http://me:hunter2@localhost:3128".parse().unwrap();
        assert_eq!(proxy.to_string(), "http://localhost:3128");
        assert!(!format!("{proxy:?}").contains("hunter2"));
        assert_eq!("socks5://localhost".parse::<Proxy>().unwrap().to_string(), "socks5://localhost:1080");
        for wrong in ["localhost:3128", "https://localhost:1", "ftp://a:1", "http://", "http://a:0"] {
            assert_eq!(wrong.parse::<Proxy>(), Err(ProxyError), "{wrong}");
        }
    }
}
