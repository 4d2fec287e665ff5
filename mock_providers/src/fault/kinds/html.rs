//! A page of HTML from something between client and vendor.

use crate::dialect::{Ask, Failure, Format};
use crate::fault::kind::{Arg, Family, Kind, Make, Param, Takes};
use crate::fault::{Act, Instead};
use http::{HeaderValue, header};
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "html",
    family: Family::Transfer,
    about: "A page of HTML in place of an answer, from an edge or a captive proxy, streamed or not.",
    example: "{ html: 502 }",
    takes: &[Param::new("code", Takes::Count(200, 599), Some(Arg::Count(200)), "its status")],
    make: Make::Act(|args| Arc::new(Html(u16::try_from(args.count("code")).unwrap_or(200)))),
};

#[derive(Debug)]
struct Html(u16);

impl Act for Html {
    fn label(&self) -> Option<String> {
        Some(format!("HTML {}", self.0))
    }

    fn instead(&self, _ask: &Ask<'_>, _format: &dyn Format) -> Option<Instead> {
        let (title, text) = match self.0 {
            200..400 => ("Just a moment...", "Checking if the site connection is secure.".to_owned()),
            400..500 => ("Access denied", format!("Error code {}. You do not have access to this page.", self.0)),
            _ => ("Bad gateway", format!("Error code {}. The origin is not reachable.", self.0)),
        };
        let body = format!(
            "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>{title}</title></head>\n\
             <body>\n<h1>{title}</h1>\n<p>{text}</p>\n</body>\n</html>\n"
        );
        Some(Instead::Page(Failure {
            status: self.0,
            content_type: "text/html; charset=UTF-8",
            headers: vec![(header::SERVER, HeaderValue::from_static("cloudflare"))],
            body: body.into_bytes(),
        }))
    }
}
