//! Tower middleware that turns an unsuccessful HTTP response into a typed error.
