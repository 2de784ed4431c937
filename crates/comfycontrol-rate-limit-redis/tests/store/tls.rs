use comfycontrol_rate_limit::{Replaced, Store};
use comfycontrol_rate_limit_redis::{RedisErrorKind, RedisStore};
use comfycontrol_test::RedisProgram;
use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::support::*;

#[tokio::test]
async fn tls_is_spoken_to_a_server_whose_certificate_is_trusted() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".into()]).unwrap();
    std::fs::write(path("cert"), cert.pem()).unwrap();
    std::fs::write(path("key"), signing_key.serialize_pem()).unwrap();
    // That of PyPI speaks no TLS.
    for program in RedisProgram::installed()
        .into_iter()
        .filter(|found| found.name == "redis")
    {
        let server = program.start(&[]);
        let free = program.start(&[]).port();
        for setting in [
            format!("tls-cert-file {}", path("cert")),
            format!("tls-key-file {}", path("key")),
            "tls-auth-clients no".into(),
            format!("tls-port {free}"),
        ] {
            let set = server.command(&format!("CONFIG SET {setting}"));
            assert!(
                set.starts_with("+OK") || setting.starts_with("tls-key"),
                "{setting}: {set}"
            );
        }
        let url = format!("rediss://localhost:{free}");
        let stranger = RedisStore::open(&url).unwrap();
        assert!(matches!(
            kind(stranger.read().await),
            RedisErrorKind::Connection(_)
        ));
        let store = RedisStore::open(&url)
            .unwrap()
            .trust_pem(cert.pem())
            .unwrap();
        assert!(matches!(swap(&store, None, 1).await, Replaced::Won(_)));
    }
}

#[test]
fn what_is_no_certificate_is_an_error() {
    for pem in [
        "",
        "nonsense",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    ] {
        let store = RedisStore::open("rediss://localhost").unwrap();
        let error = store.trust_pem(pem).unwrap_err();
        assert_eq!(error.kind(), RedisErrorKind::InvalidCertificate, "{pem:?}");
    }
}
