use comfycontrol_api::Api;

use crate::failure::Failure;
use crate::out::{Out, shown};

pub(crate) async fn run(api: &Api, out: Out) -> Result<(), Failure> {
    let user = api.user().await?;
    out.value(&user, || {
        let (name, email) = (shown(&user.name), shown(&user.email));
        format!("{name} <{email}>, {}", shown(user.tier.as_str()))
    })?;
    Ok(())
}
