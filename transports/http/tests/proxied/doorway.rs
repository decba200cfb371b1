//! A device's transport, before which the door is shut now and then.

use super::proxy::Proxy;
use super::trouble::Trouble;
use draftkeep::transport::{Answer, Request, Transport, TransportError};
use draftkeep_http::HttpTransport;
use futures_core::future::BoxFuture;
use std::error::Error;
use std::io;

/// The real transport. That a connection is refused is the system's answer and not the proxy's, so it is arranged, and
/// counted, from here.
#[derive(Debug)]
pub(crate) struct Doorway {
    pub(crate) transport: HttpTransport,
    pub(crate) proxy: Proxy,
}

/// Opens the door again, also where nobody waits for the answer any more.
struct Reopened<'d>(&'d Proxy);

impl Drop for Reopened<'_> {
    fn drop(&mut self) {
        self.0.open();
    }
}

impl Transport for Doorway {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        if !self.proxy.refuses() {
            return self.transport.send(request);
        }
        Box::pin(async move {
            let _reopened = Reopened(&self.proxy);
            self.proxy.shut().await;
            let answer = self.transport.send(request).await;
            if answer.as_ref().is_err_and(is_refused) {
                self.proxy.lock().happened(Trouble::Refused);
                self.proxy.tell(0, Trouble::Refused.name());
            }
            answer
        })
    }
}

impl Drop for Doorway {
    fn drop(&mut self) {
        self.proxy.end();
    }
}

/// Whether the system said that nobody listens.
fn is_refused(error: &TransportError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
            return true;
        }
        cause = error.source();
    }
    false
}
