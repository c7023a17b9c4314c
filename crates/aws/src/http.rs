//! The HTTP client of all SDK clients: one connector, which trusts Amazon's own certificate authorities first (decision 21).

use aws_smithy_http_client::{
    Builder, Connector,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::{
    client::{
        connector_metadata::ConnectorMetadata,
        http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector},
        orchestrator::HttpRequest,
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    shared::IntoShared,
};
use rustls::CertificateError;
use std::{
    env,
    error::Error,
    io,
    iter::successors,
    sync::{Arc, OnceLock},
    time::Duration,
};

/// Amazon Root CA 1 to 4 and Starfield Services Root CA G2, which issue the certificates of all AWS endpoints
/// (amazontrust.com/repository; the text is from Mozilla's list). The first of them ends in 2037.
const AMAZON: &str = include_str!("amazon-roots.pem");

/// Variables by which a user chooses which certificates are trusted.
const CHOSEN: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// ring instead of aws-lc, whose first random number costs 24 ms of CPU at every cold start.
const TLS: Provider = Provider::Rustls(CryptoMode::Ring);

/// The HTTP client. It makes one connector for all SDK clients with this `connect_timeout`; the SDK's own client would read the trusted
/// certificates once for each of them, and again at the first call.
///
/// It trusts Amazon's authorities, and reads the system's certificates only if a server has a certificate of another one, such as a proxy
/// that inspects traffic. If `SSL_CERT_FILE` or `SSL_CERT_DIR` is set, it trusts only the certificates there.
pub(crate) fn client(connect_timeout: Duration) -> SharedHttpClient {
    let settings = HttpConnectorSettings::builder().connect_timeout(connect_timeout).build();
    let connector = if CHOSEN.iter().any(|name| env::var_os(name).is_some()) {
        connector(&settings, TrustStore::default()).into_shared()
    } else {
        AmazonFirst::new(settings, TrustStore::default()).into_shared()
    };
    OneConnector { connector, connect_timeout, other: Builder::new().tls_provider(TLS).build_https() }.into_shared()
}

fn connector(settings: &HttpConnectorSettings, trusted: TrustStore) -> Connector {
    let mut builder = Connector::builder().connector_settings(settings.clone()).tls_provider(TLS);
    // Building a context cannot fail.
    if let Ok(context) = TlsContext::builder().with_trust_store(trusted).build() {
        builder.set_tls_context(context);
    }
    builder.build()
}

/// One connector for all calls with the same timeouts.
#[derive(Debug)]
struct OneConnector {
    connector: SharedHttpConnector,
    connect_timeout: Duration,
    /// For calls with other timeouts, such as the calls of credentials providers.
    other: SharedHttpClient,
}

impl HttpClient for OneConnector {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        if settings.connect_timeout() == Some(self.connect_timeout) && settings.read_timeout().is_none() {
            self.connector.clone()
        } else {
            self.other.http_connector(settings, components)
        }
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.other.connector_metadata()
    }
}

/// A connector that trusts Amazon's authorities. Once a server has a certificate of another authority, it also trusts the system's.
#[derive(Debug, Clone)]
struct AmazonFirst(Arc<Trust>);

#[derive(Debug)]
struct Trust {
    settings: HttpConnectorSettings,
    system: TrustStore,
    amazon: Connector,
    all: OnceLock<Connector>,
}

impl AmazonFirst {
    fn new(settings: HttpConnectorSettings, system: TrustStore) -> Self {
        let amazon = connector(&settings, TrustStore::empty().with_pem_certificate(AMAZON));
        Self(Arc::new(Trust { settings, system, amazon, all: OnceLock::new() }))
    }
}

impl Trust {
    fn all(&self) -> &Connector {
        self.all.get_or_init(|| connector(&self.settings, self.system.clone().with_pem_certificate(AMAZON)))
    }
}

impl HttpConnector for AmazonFirst {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if let Some(all) = self.0.all.get() {
            return all.call(request);
        }
        let again = request.try_clone();
        let response = self.0.amazon.call(request);
        let trust = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            match response.await {
                // The handshake failed, so the server has not seen the request.
                Err(error) if has_unknown_issuer(&error) => {
                    let all = trust.all();
                    match again {
                        Some(request) => all.call(request).await,
                        None => Err(error),
                    }
                }
                response => response,
            }
        })
    }
}

/// Whether a call failed because the server's certificate is of an authority that is not trusted.
fn has_unknown_issuer(error: &ConnectorError) -> bool {
    chain(error).any(|error| matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))))
}

/// An error and its causes. The cause of an `io::Error` is the error in it, which `source` skips.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::{
        ServerConfig, ServerConnection, Stream,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    };
    use std::{
        io::{BufRead, BufReader, Read, Write},
        net::{TcpListener, TcpStream},
        sync::mpsc::{Receiver, Sender, channel},
        thread,
    };

    /// A self-signed certificate for 127.0.0.1, valid until 2126.
    const CERTIFICATE: &[u8] = include_bytes!("../tests/tls/certificate.pem");
    const KEY: &[u8] = include_bytes!("../tests/tls/key.pem");

    /// A TLS server; it reports each connection: the body of its request, or that the client refused the certificate.
    fn server() -> (String, Receiver<Result<String, io::Error>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from_pem_slice(CERTIFICATE).unwrap()], PrivateKeyDer::from_pem_slice(KEY).unwrap())
            .unwrap();
        let (config, (reports, seen)) = (Arc::new(config), channel());
        thread::spawn(move || report(&listener, &config, &reports));
        (url, seen)
    }

    fn report(listener: &TcpListener, config: &Arc<ServerConfig>, reports: &Sender<Result<String, io::Error>>) {
        for stream in listener.incoming() {
            if reports.send(answer(stream.unwrap(), config)).is_err() {
                return;
            }
        }
    }

    fn answer(mut stream: TcpStream, config: &Arc<ServerConfig>) -> Result<String, io::Error> {
        let mut connection = ServerConnection::new(Arc::clone(config)).unwrap();
        let mut tls = BufReader::new(Stream::new(&mut connection, &mut stream));
        let mut length = 0;
        loop {
            let mut line = String::new();
            if tls.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        tls.read_exact(&mut body)?;
        tls.get_mut().write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")?;
        Ok(String::from_utf8(body).unwrap())
    }

    fn request(url: &str) -> HttpRequest {
        let mut request = HttpRequest::new("a body".into());
        request.set_uri(url).unwrap();
        request.set_method("PUT").unwrap();
        request
    }

    fn amazon_first(system: TrustStore) -> AmazonFirst {
        AmazonFirst::new(HttpConnectorSettings::builder().connect_timeout(Duration::from_secs(3)).build(), system)
    }

    #[tokio::test]
    async fn a_server_of_another_authority_is_called_with_the_certificates_of_the_system() {
        let (url, seen) = server();
        let connector = amazon_first(TrustStore::empty().with_pem_certificate(CERTIFICATE));
        for handshakes_refused in [1, 0] {
            assert_eq!(connector.call(request(&url)).await.unwrap().status().as_u16(), 200);
            for _ in 0..handshakes_refused {
                assert!(seen.recv().unwrap().is_err());
            }
            assert_eq!(seen.recv().unwrap().unwrap(), "a body");
        }
    }

    #[tokio::test]
    async fn a_server_that_neither_amazon_nor_the_system_vouches_for_is_not_called() {
        let (url, seen) = server();
        let connector = amazon_first(TrustStore::empty());
        let error = connector.call(request(&url)).await.unwrap_err();
        assert!(has_unknown_issuer(&error), "{error:?}");
        assert!(seen.recv().unwrap().is_err() && seen.recv().unwrap().is_err(), "two handshakes and no request");
    }

    #[test]
    fn another_failure_is_not_one_of_trust() {
        let refused = io::Error::other(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert!(!has_unknown_issuer(&ConnectorError::io(refused.into())));
        let expired = rustls::Error::InvalidCertificate(CertificateError::Expired);
        assert!(!has_unknown_issuer(&ConnectorError::io(io::Error::other(expired).into())));
    }

    #[test]
    fn amazon_has_five_roots() {
        let roots: Vec<_> = CertificateDer::pem_slice_iter(AMAZON.as_bytes()).map(Result::unwrap).collect();
        let mut store = rustls::RootCertStore::empty();
        assert_eq!((roots.len(), store.add_parsable_certificates(roots)), (5, (5, 0)));
    }
}
