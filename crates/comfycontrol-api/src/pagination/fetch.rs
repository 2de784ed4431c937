//! One page over the network: the only I/O of a list.

use comfycontrol::Error;

use super::Paginator;
use super::item::Keys;
use super::page::Page;
use super::read::read;
use super::window::Window;

impl Paginator {
    pub(super) async fn fetch(&self, window: Window, keys: &Keys) -> Result<Page, Error> {
        let mut request = self.client.get(&self.path);
        for (name, value) in &self.query {
            request = request.query(name, value);
        }
        let request = request
            .query("page", window.page)
            .query("per_page", window.size);
        read(request.send().await?, &self.key, keys).await
    }
}
