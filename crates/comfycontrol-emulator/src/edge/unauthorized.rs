//! The reasons of a 401.

/// Why a request gets a 401.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Unauthorized {
    /// The token was good once.
    Expired,
    /// The header holds no token that is known.
    Invalid,
    /// There is no `Authorization` header.
    Missing,
}

impl Unauthorized {
    /// The `message` the API documents for it.
    pub fn message(self) -> &'static str {
        match self {
            Self::Expired => "Token has expired",
            Self::Invalid => "Invalid token",
            Self::Missing => "Missing authorization header",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_documented_message() {
        assert_eq!(
            Unauthorized::Missing.message(),
            "Missing authorization header"
        );
        assert_eq!(Unauthorized::Invalid.message(), "Invalid token");
        assert_eq!(Unauthorized::Expired.message(), "Token has expired");
    }
}
