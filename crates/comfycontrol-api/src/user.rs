//! `/v1/user`

use std::fmt;

use comfycontrol::Error;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::object::read_object;
use crate::text_enum::text_enum;
use crate::{Api, UserId, null, shown};

impl Api {
    /// Reads the account that the token belongs to. The cheapest way to check a token.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](comfycontrol::RequestBuilder::send); 401 if the token is not
    /// valid.
    ///
    /// ```no_run
    /// # async fn run(api: comfycontrol_api::Api) -> Result<(), comfycontrol::Error> {
    /// let user = api.user().await?;
    /// println!("{} is on the tier {}", user.name, user.tier);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn user(&self) -> Result<User, Error> {
        read_object(self.client().get("/v1/user").send().await?).await
    }
}

/// The account that a token belongs to.
///
/// `Debug` leaves out the email address.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct User {
    /// The id of the account.
    pub id: UserId,
    /// The name of its owner.
    #[serde(deserialize_with = "null::or_default")]
    pub name: String,
    /// The email address of its owner.
    #[serde(deserialize_with = "null::or_default")]
    pub email: String,
    /// Whether it is about to be deleted.
    #[serde(deserialize_with = "null::or_default")]
    pub deleted: bool,
    /// The tier that the account pays for.
    pub tier: UserTier,
    /// Where its owner signs in.
    pub provider: Option<SignInProvider>,
    /// When the account was made.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
}

text_enum! {
    /// What an account pays for.
    UserTier {
        /// Agreed with the service.
        Enterprise = "enterprise",
        /// Nothing; no managed runners.
        Free = "free",
        /// Plus.
        Plus = "plus",
        /// Pro.
        Pro = "pro",
    }
}

text_enum! {
    /// Where the owner of an account signs in.
    SignInProvider {
        /// GitHub.
        GitHub = "github",
        /// Google.
        Google = "google",
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("name", &shown::text(&self.name))
            .field("deleted", &self.deleted)
            .field("tier", &self.tier)
            .field("provider", &self.provider)
            .field("created_at", &self.created_at)
            .field("updated_at", &self.updated_at)
            .finish_non_exhaustive()
    }
}
