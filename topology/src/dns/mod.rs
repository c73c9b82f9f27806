//! What the cluster's DNS serves, derived from Services and EndpointSlices as CoreDNS derives it.
//!
//! A [`Directory`] holds everything by name and by address and [answers](Directory::answer) questions; its
//! [`ServiceRecords`] list the [whole record set](ServiceRecords::record_set) of one Service. A page makes the same from
//! what a board says of a Service. Nothing here looks at pods, but for the names that pods have by their addresses.
//! [`observed`] is about what the cluster's DNS says when it is asked.

mod answer;
mod directory;
mod name;
pub mod observed;
mod record;
mod record_set;
mod rows;
mod service;
mod zone;

pub use answer::Place;
pub use directory::{Directory, Namespaces};
pub use name::{Name, NameError, dashed};
pub use record::{Answer, QueryType, Rcode, Record, RecordData, RecordType, Soa, Srv};
pub use record_set::NameKind;
pub use rows::{Row, Rows};
pub use service::ServiceRecords;
pub(crate) use service::port_name;
pub use zone::{PodNames, Zone};
