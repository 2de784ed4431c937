use comfycontrol_test::{Res, Server, next_request};
use comfycontrol_token::{AddTokenLayer, Origin, Token, TokenHandle, TokenProvider};
use http::header::AUTHORIZATION;
use tower_test::mock::SendResponse;

/// What no log and no error may show.
pub(crate) const SECRET: &str = "canary";

/// The token in use; all begin with the secret.
pub(crate) fn token(number: u32) -> Token {
    Token::parse(format!("cfc_{SECRET}{number}")).unwrap()
}

pub(crate) fn handle() -> TokenHandle {
    TokenHandle::new(token(1))
}

pub(crate) fn layer(tokens: impl Into<TokenProvider>) -> AddTokenLayer {
    AddTokenLayer::new(Origin::parse("https://api.example").unwrap(), tokens)
}

/// The number of the token on the one request that must have arrived.
pub(crate) fn arrived(server: &mut Server) -> (u32, SendResponse<Res>) {
    let (request, send) = next_request(server);
    let value = &request.headers()[AUTHORIZATION];
    assert!(value.is_sensitive());
    let number = value.to_str().unwrap().strip_prefix("Bearer cfc_canary");
    (number.unwrap().parse().unwrap(), send)
}
