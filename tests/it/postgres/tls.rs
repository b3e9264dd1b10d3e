//! Encrypted connections, and servers with several names.

use std::path::{Path, PathBuf};

use aduan::store::{Append, Ledger, Outcome};
use aduan_postgres::{OpenError, Postgres, PostgresOptions, migrate};
use aduan_testkit::draft::{Draft, command};
use aduan_testkit::postgres::{Cluster, ClusterOptions, Tls};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::{another_ledger, superuser};

/// Vouches for servers.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(name: &str, folder: &Path) -> Authority {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let file = folder.join(format!("{name}.pem"));
        std::fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
        Authority { issuer: Issuer::new(params, key), file }
    }

    fn vouch_for(&self, name: &str) -> Tls {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        Tls { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_believed_where_its_authority_is_and_the_first_host_that_lives_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, another) = (Authority::new("ours", folder.path()), Authority::new("another", folder.path()));
    let options = ClusterOptions { tls: Some(ours.vouch_for("127.0.0.1")), ..ClusterOptions::default() };
    let cluster = Cluster::start(options).unwrap();
    // Who does not say is encrypted where the server can, and then the certificate must be good.
    let setup = async |url: String| {
        let unasked = migrate(&url, &PostgresOptions::default()).await;
        assert!(matches!(unasked, Err(OpenError::Server(_))), "{unasked:?}");
        migrate(&format!("{url}?sslmode=disable"), &PostgresOptions::default()).await.map(drop)
    };
    let database = cluster.server().database_with(&aduan_postgres::layout(), setup).await.unwrap();
    let opened = async |url: String, roots: Option<&PathBuf>| {
        Postgres::connect(&url, PostgresOptions { roots: roots.cloned(), ..PostgresOptions::default() }).await
    };

    let encrypted = format!("{}?sslmode=require", database.url_as("aduan_app"));
    for (roots, why) in [(Some(&another.file), "another authority"), (None, "the system's authorities")] {
        let refused = opened(encrypted.clone(), roots).await;
        assert!(matches!(refused, Err(OpenError::Server(_))), "{why}: {refused:?}");
    }
    let by_another_name = opened(encrypted.replace("127.0.0.1", "localhost"), Some(&ours.file)).await;
    assert!(matches!(by_another_name, Err(OpenError::Server(_))), "{by_another_name:?}");
    let missing = opened(encrypted.clone(), Some(&folder.path().join("missing.pem"))).await;
    assert!(matches!(missing, Err(OpenError::Roots(_))), "{missing:?}");

    // One port where nobody listens, then the server; in both forms of an address.
    let (dead, port, name) = (1, cluster.port(), database.name());
    let admin = superuser(&database).await;
    for url in [
        encrypted,
        format!("postgres://aduan_app@127.0.0.1:{dead},127.0.0.1:{port}/{name}?sslmode=require"),
        format!("host=127.0.0.1,127.0.0.1 port={dead},{port} user=aduan_app dbname={name} sslmode=require"),
    ] {
        let postgres = opened(url, Some(&ours.file)).await.unwrap();
        let store = postgres.create(&another_ledger()).await.unwrap();
        let append = Append::new(command(1), vec![Draft::of(&store, 1).part(1, 1)]);
        assert_eq!(store.append(append).await, Ok(Outcome::Appended { first: 1 }));
        let sessions = admin.query_one(SESSIONS, &[]).await.unwrap();
        let (all, encrypted): (i64, i64) = (sessions.get(0), sessions.get(1));
        assert!(all >= 2, "a reader and a writer");
        assert_eq!(all, encrypted);
        store.close().await;
    }

    // The control: who does not ask is not encrypted, and the count above would tell.
    let plain = opened(format!("{}?sslmode=disable", database.url_as("aduan_app")), None).await.unwrap();
    let _store = plain.create(&another_ledger()).await.unwrap();
    let sessions = admin.query_one(SESSIONS, &[]).await.unwrap();
    assert!(sessions.get::<_, i64>(0) > sessions.get::<_, i64>(1));
}

const SESSIONS: &str = "select count(*), count(*) filter (where ssl) from pg_stat_activity join pg_stat_ssl using (pid) \
    where usename = 'aduan_app'";
