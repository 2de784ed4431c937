use http::StatusCode;

/// The phrase for a status, also for those only the edge uses.
pub(crate) fn reason_phrase(status: StatusCode) -> &'static str {
    match status.as_u16() {
        520 => "Web Server Returned An Unknown Error",
        521 => "Web Server Is Down",
        522 => "Connection Timed Out",
        523 => "Origin Is Unreachable",
        524 => "A Timeout Occurred",
        525 => "SSL Handshake Failed",
        526 => "Invalid SSL Certificate",
        530 => "Origin Unavailable",
        _ => status.canonical_reason().unwrap_or("Unknown Status"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_a_phrase_for_the_statuses_only_the_edge_uses() {
        for status in (520..=526).chain([530]) {
            let status = StatusCode::from_u16(status).unwrap();
            assert_ne!(reason_phrase(status), "Unknown Status", "{status}");
        }
    }
}
