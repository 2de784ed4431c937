//! Lines and pages that the edge sends itself.

use http::{Response, StatusCode};

use super::body::Body;
use super::exchange::Exchange;

/// An HTML error page of about `size` bytes.
pub(super) fn page(title: &str, text: &str, exchange: &Exchange, size: usize) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head>\n<title>{title}</title>\n\
         <meta charset=\"UTF-8\">\n<meta name=\"robots\" content=\"noindex, nofollow\">\n<style>\n"
    );
    while page.len() < size {
        page.push_str(".cf-error-details{margin:0;padding:0;font-size:16px;line-height:1.5}\n");
    }
    page.push_str(&format!(
        "</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{text}</p>\n\
         <p>Ray ID: {} &bull; {}</p>\n</body>\n</html>\n",
        exchange.ray, exchange.host,
    ));
    page
}

/// The edge's one line in place of the origin's response.
pub(super) fn short(status: StatusCode, exchange: &Exchange) -> Response<Body> {
    let line = format!("error code: {}\n", status.as_u16());
    exchange.response(status, "text/plain; charset=UTF-8", line)
}

/// The edge's page in place of the origin's response.
pub(super) fn branded(status: StatusCode, exchange: &Exchange) -> Response<Body> {
    let title = format!("{} | {}", exchange.host, status);
    let body = page(&title, "The web server reported an error.", exchange, 7_000);
    exchange.response(status, "text/html; charset=UTF-8", body)
}

/// The bare page of the edge's own web server.
pub(super) fn plain(status: StatusCode, exchange: &Exchange) -> Response<Body> {
    let body = format!(
        "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n\
         <hr><center>cloudflare-nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    exchange.response(status, "text/html", body)
}
