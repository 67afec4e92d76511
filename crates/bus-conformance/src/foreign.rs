//! A producer that is none of ours: it speaks AMQP 0-9-1 by hand, and says what no library would.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;

/// The flags of the two properties that are said.
const DELIVERY_MODE: u16 = 1 << 12;
const APP_ID: u16 = 1 << 3;

/// Publishes one message, confirmed, as the producer `app_id`, whose name may be any bytes (at most
/// 255) although AMQP's libraries want UTF-8.
pub async fn publish_foreign(port: u16, exchange: &str, key: &str, app_id: &[u8], body: &[u8]) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(b"AMQP\0\0\x09\x01").await.unwrap();
    expect(&mut stream, (10, 10)).await;
    let start =
        [&[0; 4], &short(b"PLAIN")[..], &long(b"\0guest\0guest"), &short(b"en_US")].concat();
    method(&mut stream, 0, (10, 11), &start).await;
    expect(&mut stream, (10, 30)).await;
    // 2,047 channels, frames of 128 KiB, no heartbeats.
    method(&mut stream, 0, (10, 31), &[7, 0xFF, 0, 2, 0, 0, 0, 0]).await;
    method(&mut stream, 0, (10, 40), &[&short(b"/")[..], &[0, 0]].concat()).await;
    expect(&mut stream, (10, 41)).await;
    method(&mut stream, 1, (20, 10), &[0]).await;
    expect(&mut stream, (20, 11)).await;
    method(&mut stream, 1, (85, 10), &[0]).await;
    expect(&mut stream, (85, 11)).await;
    let to = [&[0, 0], &short(exchange.as_bytes())[..], &short(key.as_bytes()), &[0]].concat();
    method(&mut stream, 1, (60, 40), &to).await;
    let size = u64::try_from(body.len()).unwrap().to_be_bytes();
    let flags = (DELIVERY_MODE | APP_ID).to_be_bytes();
    let header = [&[0, 60, 0, 0], &size[..], &flags, &[2], &short(app_id)].concat();
    frame(&mut stream, HEADER, 1, &header).await;
    frame(&mut stream, BODY, 1, body).await;
    expect(&mut stream, (60, 80)).await;
}

fn short(text: &[u8]) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text].concat()
}

fn long(text: &[u8]) -> Vec<u8> {
    [&u32::try_from(text.len()).unwrap().to_be_bytes()[..], text].concat()
}

async fn method(stream: &mut TcpStream, channel: u16, (class, name): (u16, u16), arguments: &[u8]) {
    let payload = [&class.to_be_bytes()[..], &name.to_be_bytes(), arguments].concat();
    frame(stream, METHOD, channel, &payload).await;
}

async fn frame(stream: &mut TcpStream, kind: u8, channel: u16, payload: &[u8]) {
    let size = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let frame = [&[kind], &channel.to_be_bytes()[..], &size, payload, &[0xCE]].concat();
    stream.write_all(&frame).await.unwrap();
}

/// Reads until the broker has said this method.
async fn expect(stream: &mut TcpStream, (class, name): (u16, u16)) {
    loop {
        let mut head = [0; 7];
        stream.read_exact(&mut head).await.unwrap();
        let size = u32::from_be_bytes(head[3..].try_into().unwrap());
        let mut payload = vec![0; usize::try_from(size).unwrap() + 1];
        stream.read_exact(&mut payload).await.unwrap();
        if head[0] == METHOD && payload[..4] == [class.to_be_bytes(), name.to_be_bytes()].concat() {
            return;
        }
    }
}
