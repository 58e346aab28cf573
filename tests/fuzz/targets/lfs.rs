//! What an LFS server answers: addresses are web addresses, parts cover the object and are not too many, and no header
//! that decides where a request ends is the server's.
#![no_main]

use std::sync::{Arc, LazyLock};

use hfx::hub::Hub;
use hfx::hub::lfs::{Action, Answered, LfsObject, Operation, UploadBy};
use hfx::net::{Net, Url};
use hfx::options::Options;
use libfuzzer_sys::fuzz_target;

static HUB: LazyLock<Hub> = LazyLock::new(|| {
    let mut options = Options::new();
    options.set_by_name("endpoint", "https://mirror.example/hf").unwrap();
    options.set_by_name("token", "hf_geheim").unwrap();
    Hub::new(Arc::new(Net::new(&options).unwrap()), &options).unwrap()
});

// The first byte decides the operation, the next eight the object's size.
fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let Some((size, json)) = rest.split_first_chunk::<8>() else { return };
    let operation = if first % 2 == 0 { Operation::Upload } else { Operation::Download };
    let object = LfsObject::new(&"0".repeat(64), u64::from_le_bytes(*size)).unwrap();
    let server = Url::parse("https://mirror.example/o/n.git/info/lfs").unwrap();
    let Ok(answers) = HUB.read_batch(json, operation, std::slice::from_ref(&object), &server) else { return };
    assert_eq!(answers.len(), 1);
    for answer in answers {
        match answer {
            Answered::Present => assert_eq!(operation, Operation::Upload),
            Answered::Refused(error) => assert!(!error.to_string().contains(['\n', '\r', '\u{1b}'])),
            Answered::Download(action) => check(&action),
            Answered::Upload { by, verify } => {
                verify.iter().for_each(check);
                match by {
                    UploadBy::Basic(action) => check(&action),
                    UploadBy::Multipart { complete, chunk_size, parts } => {
                        check(&complete);
                        let covered = u128::from(chunk_size) * parts.len() as u128;
                        assert!(covered >= u128::from(object.size) && parts.len() <= 100_000);
                    }
                }
            }
        }
    }
});

fn check(action: &Action) {
    assert!(!action.url.origin().host.is_empty() && action.url.path_and_query().starts_with('/'));
    for name in ["host", "content-length", "transfer-encoding"] {
        assert!(!action.headers.contains_key(name), "{name}");
    }
    assert!(!format!("{:?}", action.headers).contains("geheim"));
}
