//! What the API does wrong with one request.

use super::event_fault::EventFault;
use super::file_fault::FileFault;
use super::list_fault::ListFault;

#[derive(Debug, Default)]
pub(crate) struct ApiFaults {
    pub(crate) events: Vec<EventFault>,
    pub(crate) files: Vec<FileFault>,
    pub(crate) lists: Vec<ListFault>,
}
