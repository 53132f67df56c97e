//! Just enough HTTP to ask the simulation what a browser would.

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Status and body of a GET.
pub async fn get(base: &str, path: &str) -> (u16, Value) {
    ask(base, "GET", path, "").await
}

/// Status and body of a POST of JSON.
pub async fn post(base: &str, path: &str, body: &Value) -> (u16, Value) {
    ask(base, "POST", path, &body.to_string()).await
}

/// A JSON-RPC call by POST; its result or its error.
pub async fn rpc(base: &str, method: &str, params: Value) -> Result<Value, Value> {
    let call = serde_json::json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    let (status, mut answer) = post(base, "/", &call).await;
    assert_eq!((status, &answer["id"]), (200, &serde_json::json!(7)));
    match answer.get("error") {
        Some(error) => Err(error.clone()),
        None => Ok(answer["result"].take()),
    }
}

async fn ask(base: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
    let host = base.strip_prefix("http://").expect("an http address");
    let mut stream = TcpStream::connect(host).await.expect("connects");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         origin: http://localhost:3000\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sends");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("has a body");
    assert!(head.to_lowercase().contains("access-control-allow-origin"), "CORS is open: {head}");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("has a status");
    (status, serde_json::from_str(body).unwrap_or(Value::String(body.to_owned())))
}
