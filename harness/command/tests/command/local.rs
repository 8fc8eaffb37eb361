//! Calling an agent's local API as programs do, in plain HTTP.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::program::DEADLINE;

/// An agent's local API.
pub(crate) struct Local {
    address: String,
}

impl Local {
    /// The one whose address stands in a log line, `… addr=127.0.0.1:4040`.
    pub(crate) fn of_line(line: &str) -> Self {
        let address = line.split_whitespace().find_map(|word| word.strip_prefix("addr="));
        Self { address: address.unwrap_or_else(|| panic!("no address in {line:?}")).to_owned() }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send("GET", path, "").await;
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let (status, body) = self.send("POST", path, &body.to_string()).await;
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    pub(crate) async fn delete(&self, path: &str) -> u16 {
        self.send("DELETE", path, "").await.0
    }

    async fn send(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let exchange = async {
            let mut stream = TcpStream::connect(&self.address).await.unwrap();
            let request = format!(
                "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n{body}",
                self.address,
                body.len()
            );
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
        };
        tokio::time::timeout(DEADLINE, exchange).await.expect("the local API answers in time")
    }
}
