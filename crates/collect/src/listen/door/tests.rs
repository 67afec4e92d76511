use super::*;
use crate::listen::testing::listener;

#[tokio::test]
async fn a_sender_that_says_nothing_is_asked_whether_it_is_still_there() {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let (listener, _folder) = listener();
    let complaints = Arc::new(Complaints::new("net".to_owned(), Arc::new(|_| {})));
    let (open, _closed) = tokio::sync::oneshot::channel();
    let mut door = Door::new(socket, open, Arc::new(listener), 0, complaints);
    let _sender = TcpStream::connect(address).await.unwrap();
    let stream = door.next().await.stream;
    assert!(sockopt::socket_keepalive(&stream).unwrap());
    // Two minutes after its machine was unplugged its seat is free.
    let idle = sockopt::tcp_keepidle(&stream).unwrap();
    let asking = sockopt::tcp_keepintvl(&stream).unwrap() * sockopt::tcp_keepcnt(&stream).unwrap();
    assert_eq!(idle + asking, Duration::from_secs(120));
}
