//! Commits: whatever the paths and texts hold, each line is one JSON that says what was meant; and the local Hub's
//! reader of lines bears any line.
#![no_main]

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use hfx::hub::commit::{Change, CommitHeader, body};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

#[allow(dead_code)] // What was read is dropped.
#[path = "../../../src/bin/hfx/serve/line.rs"]
mod line;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().build().unwrap());

struct Whole(Vec<u8>);

impl hfx::net::Content for Whole {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    fn open(self: Arc<Self>) -> tokio::sync::mpsc::Receiver<hfx::error::Result<Bytes>> {
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move { sender.send(Ok(Bytes::copy_from_slice(&self.0))).await });
        receiver
    }
}

fuzz_target!(|data: &[u8]| {
    let _ = serde_json::from_slice::<line::Line<'_>>(data);
    let parts = data.split(|byte| *byte == 0).take(16);
    let texts: Vec<String> = parts.map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    let header = CommitHeader {
        summary: texts[0].clone(),
        description: texts.last().unwrap().clone(),
        parent: texts.get(1).cloned(),
    };
    let changes: Vec<Change> = texts
        .iter()
        .enumerate()
        .map(|(number, text)| match number % 4 {
            0 => Change::File { path: text.clone(), content: Arc::new(Whole(data.to_vec())) },
            1 => Change::LfsFile { path: text.clone(), oid: "0".repeat(64), size: Some(number as u64) },
            2 => Change::DeletedFile(text.clone()),
            _ => Change::DeletedFolder(text.clone()),
        })
        .collect();
    let (length, all) = RUNTIME.block_on(body(&header, &changes));
    assert_eq!(length, all.len() as u64, "Content-Length is what is sent");
    let lines: Vec<&[u8]> = all.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n').collect();
    assert_eq!(lines.len(), 1 + changes.len());
    for (number, line) in lines.iter().enumerate() {
        serde_json::from_slice::<line::Line<'_>>(line).expect("the local Hub reads what we send");
        let value: Value = serde_json::from_slice(line).unwrap();
        match number {
            0 => assert_eq!(value["value"]["summary"], texts[0]),
            _ => assert_eq!(value["value"]["path"], texts[number - 1]),
        }
    }
});
