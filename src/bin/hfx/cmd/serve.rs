//! `hfx serve`: the flags of the local Hub.

use crate::args::ServeArgs;
use crate::fail::Failure;
use crate::serve::{Config, read_faults, serve};

/// Serves until the process ends.
pub(crate) fn run(args: ServeArgs) -> Result<(), Failure> {
    let mut faults = Vec::new();
    for file in &args.fault {
        faults.extend(read_faults(file).map_err(Failure::usage)?);
    }
    let config = Config {
        dir: args.dir,
        cache: args.cache,
        listen: args.listen,
        cdn_listen: args.cdn_listen,
        url: args.url.map(|url| url.trim_end_matches('/').to_owned()),
        cdn_url: args.cdn_url.map(|url| url.trim_end_matches('/').to_owned()),
        tokens: args.token,
        faults,
        control: args.control,
        url_lifetime: args.url_lifetime,
        lfs_threshold: args.lfs_threshold,
        multipart_from: args.multipart_from,
        chunk_size: args.chunk_size,
        page_size: args.page_size,
    };
    serve(config, &mut std::io::stdout()).map_err(Failure::plain)
}
