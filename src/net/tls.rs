//! The TLS set-up: rustls with aws-lc-rs, HTTP/1.1 only, and the trusted certificates.
//!
//! Trust comes from the options `ca_file` and `ca_dir`, else from the system: on Linux and the BSDs the bundle
//! that the distribution keeps (found by its known places, without reading the environment), on macOS and
//! Windows the platform's own verifier.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CipherSuite, ClientConfig, RootCertStore};

use crate::error::{Error, Kind, Result};

/// Where the distributions keep their bundle.
#[cfg(not(any(windows, target_vendor = "apple")))]
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
    "/etc/openssl/certs/ca-certificates.crt",
];

/// Builds the configuration; reads files, so call it off the hot path.
pub fn config(ca_file: Option<&Path>, ca_dir: Option<&Path>) -> Result<Arc<ClientConfig>> {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    // Public content needs no 256-bit keys, and 128-bit ones cost a fifth less for each byte. The sort is stable.
    provider.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
    let builder = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(Kind::Tls, "can't set TLS up").cause(&error))?;
    let mut config = match (ca_file, ca_dir) {
        (None, None) => system(builder)?,
        _ => builder.with_root_certificates(private(ca_file, ca_dir)?).with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>;

#[cfg(any(windows, target_vendor = "apple"))]
fn system(builder: Builder) -> Result<ClientConfig> {
    use rustls_platform_verifier::BuilderVerifierExt;
    let builder = builder
        .with_platform_verifier()
        .map_err(|error| Error::new(Kind::Tls, "can't use the platform's certificates").cause(&error))?;
    Ok(builder.with_no_client_auth())
}

#[cfg(not(any(windows, target_vendor = "apple")))]
fn system(builder: Builder) -> Result<ClientConfig> {
    let bundle = BUNDLES.iter().map(Path::new).find(|path| path.is_file()).ok_or_else(|| {
        Error::new(
            Kind::Tls,
            "no trusted certificates on this system: install the package ca-certificates, or set ca_file",
        )
    })?;
    Ok(builder.with_root_certificates(private(Some(bundle), None)?).with_no_client_auth())
}

fn private(ca_file: Option<&Path>, ca_dir: Option<&Path>) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = ca_file {
        add(&mut roots, file)?;
    }
    if let Some(dir) = ca_dir {
        for file in files(dir)? {
            // A folder of certificates holds links, revocation lists and notes as well.
            let _ = add(&mut roots, &file);
        }
    }
    if roots.is_empty() {
        let place = ca_file.or(ca_dir).unwrap_or(Path::new("."));
        return Err(Error::new(Kind::Tls, format!("no usable certificate in {}", place.display())));
    }
    Ok(roots)
}

fn add(roots: &mut RootCertStore, file: &Path) -> Result<()> {
    let bad = |error: &dyn std::fmt::Display| {
        Error::new(Kind::Tls, format!("can't read certificates from {}: {error}", file.display()))
    };
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| bad(&error))? {
        // One certificate that rustls does not take (too old, odd extension) must not cost the others.
        let _ = roots.add(certificate.map_err(|error| bad(&error))?);
    }
    Ok(())
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(dir).map_err(|error| Error::io("list", dir, &error).with_kind(Kind::Tls))?;
    Ok(entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unusable_ca_file_is_named() {
        let error = config(Some(Path::new("/nonexistent/ca.pem")), None).unwrap_err();
        assert_eq!(error.kind(), Kind::Tls);
        assert!(error.to_string().contains("/nonexistent/ca.pem"), "{error}");
    }
}
