//! `hfx serve`: a Hub on one machine.
//!
//! It serves a folder of repositories, or a cache, over the Hub's own protocol: small files from the Hub's port,
//! large ones by signed addresses from a second port, which stands for the CDN and the object store. The folder's form
//! is told in [`folder`], what is pushed lies in [`store`], the faults it can be asked to commit are in [`fault`], what
//! it tells test suites in [`control`].
//!
//! ```text
//! DIR/models/owner/name/...     a model at branch main; also datasets/, spaces/, kernels/
//! DIR/models/name/...           a model without a namespace: a folder that holds files directly
//! DIR/.hub/                     repositories that were written to over the network
//! ```

#![allow(clippy::result_large_err, reason = "an error is an answer like any other, moved once a request")]

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

mod access;
mod action;
mod api;
mod attributes;
mod base64;
mod body;
mod cachedir;
mod cdn;
mod clock;
mod commit;
mod control;
mod discussion;
mod fault;
mod folder;
mod glob;
mod hashes;
mod ignore;
mod intake;
mod lfs;
mod manage;
mod names;
mod objects;
mod preupload;
mod range;
mod refs;
mod reply;
mod repos;
mod resolve;
mod server;
mod signer;
mod state;
mod store;
mod tree;
mod wire;

pub(crate) use fault::{FAULT_HELP, Fault, read_faults};

/// What is served, and how.
pub(crate) struct Config {
    /// The folder of repositories.
    pub(crate) dir: Option<PathBuf>,
    /// A Hugging Face cache, served read-only.
    pub(crate) cache: Option<PathBuf>,
    pub(crate) listen: SocketAddr,
    /// The second port's address; without one, a free port beside the first.
    pub(crate) cdn_listen: Option<SocketAddr>,
    /// How clients reach the Hub, where that is not how they ask for it.
    pub(crate) url: Option<String>,
    /// How clients reach the second port, where that is not the same host.
    pub(crate) cdn_url: Option<String>,
    /// The tokens that are known; with none, every token is taken and everyone may write.
    pub(crate) tokens: Vec<Token>,
    pub(crate) faults: Vec<Fault>,
    /// Whether `/_hfx/...` answers: for test suites.
    pub(crate) control: bool,
    /// How long a signed address is good.
    pub(crate) url_lifetime: Duration,
    /// Files of this size and more are LFS.
    pub(crate) lfs_threshold: u64,
    /// LFS files of this size and more are uploaded in parts, where the client can.
    pub(crate) multipart_from: u64,
    /// The size of such a part.
    pub(crate) chunk_size: u64,
    /// Entries on one page of a tree.
    pub(crate) page_size: usize,
}

/// A token and what it may do.
#[derive(Clone)]
pub(crate) struct Token {
    secret: String,
    may_write: bool,
}

impl std::str::FromStr for Token {
    type Err = String;

    /// `TOKEN`, `TOKEN:write` or `TOKEN:read`.
    fn from_str(text: &str) -> Result<Token, String> {
        let (secret, role) = text.rsplit_once(':').unwrap_or((text, "write"));
        let may_write = match role {
            "read" => false,
            "write" => true,
            _ => return Err(format!("{role:?} is no role: read or write")),
        };
        Ok(Token { secret: secret.to_owned(), may_write })
    }
}

impl Default for Config {
    fn default() -> Self {
        Config {
            dir: None,
            cache: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            cdn_listen: None,
            url: None,
            cdn_url: None,
            tokens: Vec::new(),
            faults: Vec::new(),
            control: false,
            url_lifetime: Duration::from_hours(1),
            lfs_threshold: 10 << 20,
            multipart_from: 64 << 20,
            chunk_size: 16 << 20,
            page_size: 1000,
        }
    }
}

/// What all requests share.
struct Shared {
    repos: Arc<repos::Repos>,
    signer: signer::Signer,
    faults: fault::Faults,
    /// Only there with control.
    log: Option<control::Log>,
    tokens: Vec<Token>,
    page_size: usize,
    multipart_from: u64,
    chunk_size: u64,
    url: Option<String>,
    cdn_url: Option<String>,
    hub: SocketAddr,
    cdn: SocketAddr,
    /// Another host of the same store, to redirect to.
    spare: SocketAddr,
    hub_counts: Arc<wire::Counts>,
    cdn_counts: Arc<wire::Counts>,
}

/// Serves until the process ends; the first line on `out` is `HF_ENDPOINT=http://...`, the second the CDN's address.
pub(crate) fn serve(config: Config, out: &mut dyn Write) -> Result<(), String> {
    for folder in config.dir.iter().chain(&config.cache) {
        if !folder.is_dir() {
            return Err(format!("{} is not a folder", folder.display()));
        }
    }
    if config.dir.is_none() && config.cache.is_none() {
        return Err("nothing to serve: neither a folder nor a cache is given".to_owned());
    }
    // More threads than cores, since a file that is not in the page cache is read on them.
    let threads = std::thread::available_parallelism().map_or(4, |cores| cores.get().max(4));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(run(config, out))
}

async fn run(config: Config, out: &mut dyn Write) -> Result<(), String> {
    let bind = async |address: SocketAddr| {
        let listener = TcpListener::bind(address).await.map_err(|error| format!("{address}: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        Ok::<_, String>((listener, address))
    };
    let (hub_listener, hub) = bind(config.listen).await?;
    let (cdn_listener, cdn) =
        bind(config.cdn_listen.unwrap_or(SocketAddr::new(config.listen.ip(), 0))).await?;
    let (spare_listener, spare) = bind(SocketAddr::new(config.listen.ip(), 0)).await?;
    let shared = Arc::new(Shared {
        repos: Arc::new(repos::Repos::new(config.dir, config.cache, config.lfs_threshold)?),
        signer: signer::Signer::new(config.url_lifetime),
        faults: fault::Faults::new(config.faults),
        log: config.control.then(control::Log::new),
        tokens: config.tokens,
        page_size: config.page_size.max(1),
        multipart_from: config.multipart_from,
        chunk_size: config.chunk_size.max(1),
        url: config.url,
        cdn_url: config.cdn_url,
        hub,
        cdn,
        spare,
        hub_counts: Arc::default(),
        cdn_counts: Arc::default(),
    });
    let text = format!("HF_ENDPOINT=http://{}\nCDN=http://{}\n", reachable(hub), reachable(cdn));
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| error.to_string())?;
    tokio::join!(
        server::listen(hub_listener, wire::Port::Hub, Arc::clone(&shared)),
        server::listen(cdn_listener, wire::Port::Cdn, Arc::clone(&shared)),
        server::listen(spare_listener, wire::Port::Cdn, shared),
    );
    Ok(())
}

/// An address that a client on this machine can use.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let loopback: std::net::IpAddr =
            if address.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() };
        address.set_ip(loopback);
    }
    address
}
