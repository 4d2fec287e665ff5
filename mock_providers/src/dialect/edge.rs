//! The layer in front of every vendor: a CDN, or a plain gateway, that answers in HTML when what is behind it does not.

use super::Failure;

const HTML: &str = "text/html; charset=UTF-8";

/// The page of a gateway with this name.
pub(super) fn gateway(status: u16, server: &'static str) -> Failure {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let title = format!("{status} {}", reason.unwrap_or("Unknown Error"));
    let body = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>{server}</center>\r\n</body>\r\n</html>\r\n"
    );
    Failure { status, content_type: HTML, headers: Vec::new(), body: body.into_bytes() }.with("server", server)
}

/// The page of the CDN.
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
    Failure { status, content_type: HTML, headers: Vec::new(), body: body.into_bytes() }
        .with("server", "cloudflare")
        .with("cf-ray", format!("{id}-IAD"))
}
