//! [`draftkeep`] over HTTP.
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `drafts` | yes | [`drafts`]: a REST API for thin clients, over a server's own store |

#[cfg(feature = "drafts")]
pub mod drafts;
