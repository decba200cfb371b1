//! The head of a request as it came out of a socket: what a proxy before this server might understand differently is refused, or the last
//! request of its connection, so that nobody puts a request into somebody else's.

use super::problem::Problem;
use super::shared::Trace;
use crate::fault;
use axum::response::Response;
use http::header::{CONNECTION, HOST, TRANSFER_ENCODING};
use http::{HeaderValue, Request, StatusCode, Version};

/// How long a head may be, in bytes.
const HEAD_MAX: usize = 32 << 10;

/// How much of a head is taken into memory.
pub(super) fn most() -> usize {
    if fault::on("http-head-without-limit") { 1 << 30 } else { HEAD_MAX }
}

/// A head that is too long, or that says twice where a request goes, or does not say it (RFC 9112, 3.2). What says twice how long it is,
/// hyper refuses.
pub(super) fn refuse<B>(request: &Request<B>) -> Option<Response> {
    // What is read at once may be longer than what is asked for.
    let length: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if length + request.uri().to_string().len() > most() {
        let (status, title) = (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "The head of the request is too long");
        let detail = format!("the head of a request takes at most {HEAD_MAX} bytes; send less in it");
        return Some(Problem::new(status, "head", title, detail).render(Trace::random().0));
    }
    let hosts = request.headers().get_all(HOST).iter().count();
    let is_fine = hosts == 1 || hosts == 0 && request.version() < Version::HTTP_11 || fault::on("http-any-host-taken");
    let problem = || Problem::malformed("a request has one header host, neither none nor several");
    (!is_fine).then(|| problem().render(Trace::random().0))
}

/// Whether nothing may come after this request: chunks end where they say, and that is not what a length beside them would say (RFC 9112,
/// 6.1), which is gone by now.
pub(super) fn is_last<B>(request: &Request<B>) -> bool {
    request.headers().contains_key(TRANSFER_ENCODING) && !fault::on("http-chunks-go-on")
}

/// Ends the connection behind this answer.
pub(super) fn close(response: &mut Response) {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
}
