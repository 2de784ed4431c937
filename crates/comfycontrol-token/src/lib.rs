//! Tower middleware that puts a bearer token on the requests that may have it, and on no others.
