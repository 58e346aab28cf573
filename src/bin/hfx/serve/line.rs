//! A line of a commit, as it comes over the wire.

use std::borrow::Cow;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(tag = "key", content = "value", rename_all = "camelCase")]
pub(super) enum Line<'a> {
    #[serde(rename_all = "camelCase")]
    Header {
        summary: String,
        description: Option<String>,
        parent_commit: Option<String>,
    },
    File {
        path: String,
        #[serde(borrow)]
        content: Cow<'a, str>,
        encoding: Option<String>,
    },
    LfsFile {
        path: String,
        algo: Option<String>,
        oid: String,
        size: Option<u64>,
    },
    DeletedFile {
        path: String,
    },
    DeletedFolder {
        path: String,
    },
}
