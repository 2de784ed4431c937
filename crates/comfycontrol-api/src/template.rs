//! `/v1/template`

mod model;
mod request;

use comfycontrol::{Client, Error, path_segments};

use crate::list::List;
use crate::{Api, TemplateId};

pub use self::model::{Template, TemplateSummary};
pub use self::request::{NewTemplate, TemplateUpdate};

impl Api {
    /// The templates of the account.
    #[must_use]
    pub fn templates(&self) -> Templates {
        Templates {
            client: self.client().clone(),
        }
    }
}

/// The templates of the account: graphs kept for later.
///
/// The API has no call that runs a template: a workflow is made of its
/// [`body`](crate::Template::body). Cheap to clone. Made by [`Api::templates`].
///
/// ```no_run
/// # async fn run(api: comfycontrol_api::Api) -> Result<(), comfycontrol::Error> {
/// use comfycontrol_api::{NewTemplate, NewWorkflow};
///
/// let graph = r#"{"6": {"inputs": {"text": "$text(prompt)"}}}"#;
/// let new = NewTemplate::new("sunset", "paints a sunset", graph);
/// let template = api.templates().create(new).await?;
///
/// let run = NewWorkflow::new("Sunset 1", &template.body).text("prompt", "a red sunset");
/// let run = api.workflows().create(run).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Templates {
    client: Client,
}

impl Templates {
    /// Lists the templates, without their graphs.
    pub fn list(&self) -> List<TemplateSummary> {
        List::new(self.client.clone(), "/v1/template", "templates")
    }

    /// Reads one template with its graph.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](comfycontrol::RequestBuilder::send); 404 if the account has no
    /// such template.
    pub async fn get(&self, id: &TemplateId) -> Result<Template, Error> {
        let path = path_segments(["v1", "template", id.as_str()])?;
        self.client.get(path).send().await?.json().await
    }

    /// Adds a template.
    ///
    /// # Errors
    ///
    /// Fails with an [`InvalidField`](crate::InvalidField) before anything is sent, and as
    /// [`RequestBuilder::send`](comfycontrol::RequestBuilder::send); 403 if the tier allows no
    /// more.
    pub async fn create(&self, template: NewTemplate) -> Result<Template, Error> {
        template.validate()?;
        let request = self.client.post("/v1/template");
        let request = request.multipart(template.into_form());
        request.send().await?.json().await
    }

    /// Changes a template; what the update does not set stays.
    ///
    /// # Errors
    ///
    /// Fails with an [`InvalidField`](crate::InvalidField) before anything is sent, and as
    /// [`get`](Self::get).
    pub async fn update(&self, id: &TemplateId, update: TemplateUpdate) -> Result<Template, Error> {
        update.validate()?;
        let path = path_segments(["v1", "template", id.as_str()])?;
        let request = self.client.put(path).multipart(update.into_form());
        request.send().await?.json().await
    }
}
