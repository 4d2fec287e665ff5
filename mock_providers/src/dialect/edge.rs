//! The layer in front of every vendor: a CDN that answers in HTML when what is behind it does not.

use super::Failure;

/// An HTML page with this status.
pub(super) fn html(status: u16, id: &str) -> Failure {
    let title = match status {
        502 => "Bad gateway",
        503 => "Service unavailable",
        504 => "Gateway time-out",
        520 => "Web server is returning an unknown error",
        521 => "Web server is down",
        522 => "Connection timed out",
        524 => "A timeout occurred",
        530 => "The origin has been unregistered",
        _ => "Error",
    };
    let body = format!(
        "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>{status}: {title}</title></head>\n<body>\n\
         <h1>{title} <span>Error code {status}</span></h1>\n<p>Ray ID: {id}</p>\n</body>\n</html>\n"
    );
    Failure { status, content_type: "text/html; charset=UTF-8", headers: Vec::new(), body: body.into_bytes() }
        .with("server", "cloudflare")
        .with("cf-ray", format!("{id}-IAD"))
}
