//! A PostgreSQL database as the command line names it, and which of its ledgers is meant.

use std::env;
use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::str::FromStr;

use aduan::values::LedgerId;
use aduan_postgres::{OpenError, Postgres, PostgresOptions, migrate};

use crate::answer::Failure;

/// The address of a database. It shows itself without its password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Database {
    /// As PostgreSQL takes it: without the parameters that are ours.
    url: String,
    /// As people may read it: without the password and the ledger.
    shown: String,
    brings_password: bool,
    ledger: Option<LedgerId>,
    roots: Option<PathBuf>,
}

impl FromStr for Database {
    type Err = String;
    /// Takes `ledger` and `sslrootcert` out of a URL. No error repeats it, since it may hold a password.
    fn from_str(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").ok_or("the URL of a database begins with postgres://")?;
        let (address, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (user, hosts) = address.split_once('@').map_or((None, address), |(user, hosts)| (Some(user), hosts));
        // The driver ends the user's part at the first `@`, wherever it stands: a password that is cut there would
        // be taken, and shown, as a host.
        if hosts.contains('@') || parameters.contains('@') || user.is_some_and(|user| user.contains('/')) {
            return Err("in a name, a password or a parameter, `@` is written %40, `/` %2F and `?` %3F".into());
        }
        let servers = hosts.split('/').next().unwrap_or_default();
        let ports = servers.split(',').filter_map(|server| server.rsplit_once(':'));
        if ports.into_iter().any(|(_, port)| !port.ends_with(']') && !port.bytes().all(|byte| byte.is_ascii_digit())) {
            // It may be a password whose `@HOST` was left out, and is not repeated.
            return Err("a port is a number; behind a password comes @HOST".into());
        }
        let (name, password) = user.unwrap_or_default().split_once(':').unwrap_or((user.unwrap_or_default(), ""));
        let at = |user: &str| if user.is_empty() { String::new() } else { format!("{user}@") };
        let mut database = Database {
            url: format!("{scheme}://{}{hosts}", at(user.unwrap_or_default())),
            shown: format!("{scheme}://{}{hosts}", at(name)),
            brings_password: !password.is_empty(),
            ledger: None,
            roots: None,
        };
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            let (key, value) = parameter.split_once('=').ok_or("a parameter is NAME=VALUE")?;
            if key.contains('%') {
                return Err("the name of a parameter is written plainly".into());
            }
            match key {
                "ledger" if database.ledger.is_some() => return Err("it names two ledgers".into()),
                "ledger" => database.ledger = Some(decoded(value)?.parse().map_err(|error| format!("{error}"))?),
                "sslrootcert" => {
                    database.roots = Some(decoded(value)?.into());
                    add(&mut database.shown, parameter);
                }
                // The driver has no such name: where it asks for TLS, certificate and host are always checked.
                "sslmode" if value == "verify-full" => {
                    add(&mut database.url, "sslmode=require");
                    add(&mut database.shown, parameter);
                }
                "password" => {
                    database.brings_password = true;
                    add(&mut database.url, parameter);
                }
                _ => {
                    add(&mut database.url, parameter);
                    add(&mut database.shown, parameter);
                }
            }
        }
        Ok(database)
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.shown.clone();
        if let Some(ledger) = &self.ledger {
            add(&mut shown, &format!("ledger={}", encoded(ledger.as_str())));
        }
        f.write_str(&shown)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Database {
    /// The ledger that the URL names.
    pub(crate) fn named(&self) -> Option<&LedgerId> {
        self.ledger.as_ref()
    }

    /// The same database, and this ledger of it.
    pub(crate) fn naming(&self, ledger: &LedgerId) -> Self {
        Database { ledger: Some(ledger.clone()), ..self.clone() }
    }

    /// The same database for another user, who brings another password: for people to read.
    pub(crate) fn shown_for(&self, user: &str) -> String {
        let shown = self.to_string();
        let (scheme, rest) = shown.split_once("://").unwrap_or(("postgres", &shown));
        let hosts = rest.split_once('@').map_or(rest, |(_, hosts)| hosts);
        format!("{scheme}://{user}@{hosts}")
    }

    /// The database without a ledger, for programs of PostgreSQL: for people to read.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// Connects to a database whose tables are there.
    ///
    /// # Errors
    /// When it is not reached, its tables are not there or not ours, or it could lose what it acknowledges.
    pub(crate) async fn connect(&self) -> Result<Postgres, Failure> {
        Ok(self.open().await?)
    }

    /// Connects. Where tables are missing, makes them; says which steps it took.
    ///
    /// # Errors
    /// As [`Database::connect`]; and when tables are missing, and this user may not make them.
    pub(crate) async fn connect_and_migrate(&self) -> Result<(Postgres, Vec<&'static str>), Failure> {
        match self.open().await {
            Ok(database) => return Ok((database, Vec::new())),
            Err(OpenError::NotMigrated | OpenError::OtherLayout { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let steps = migrate(&self.address(password()), &self.options()).await.map_err(|error| match error {
            OpenError::Server(_) => {
                Failure::Failed(format!("{error}; whoever makes the tables must be allowed to make schemas and roles"))
            }
            error => error.into(),
        })?;
        Ok((self.connect().await?, steps))
    }

    /// The ledger that is meant: the one that is named, or the only one there is.
    ///
    /// # Errors
    /// When none is named, and there is none or more than one.
    pub(crate) async fn which(&self, database: &Postgres) -> Result<LedgerId, Failure> {
        if let Some(ledger) = &self.ledger {
            return Ok(ledger.clone());
        }
        match &database.ledgers().await?[..] {
            [only] => Ok(only.clone()),
            [] => Err(Failure::Usage(format!("{self} has no ledger: `aduan init` makes one"))),
            several => Err(which_of(self, several)),
        }
    }

    async fn open(&self) -> Result<Postgres, OpenError> {
        Postgres::connect(&self.address(password()), self.options()).await
    }

    fn options(&self) -> PostgresOptions {
        PostgresOptions { roots: self.roots.clone(), ..PostgresOptions::default() }
    }

    /// The URL, with this password where it brings none.
    fn address(&self, password: Option<String>) -> String {
        let mut url = self.url.clone();
        if let Some(password) = password.filter(|_| !self.brings_password) {
            add(&mut url, &format!("password={}", encoded(&password)));
        }
        url
    }
}

/// The one that PostgreSQL's own programs take where they are told none.
fn password() -> Option<String> {
    env::var("PGPASSWORD").ok()
}

/// One of these ledgers must be named.
pub(crate) fn which_of(database: &Database, ledgers: &[LedgerId]) -> Failure {
    let names: Vec<_> = ledgers.iter().map(LedgerId::as_str).collect();
    Failure::Usage(format!("{database} has several ledgers: add ?ledger= and one of {}", names.join(", ")))
}

fn add(url: &mut String, parameter: &str) {
    url.push(if url.contains('?') { '&' } else { '?' });
    url.push_str(parameter);
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        // Writing to a string does not fail.
        let _ = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => encoded.write_char(byte.into()),
            other => write!(encoded, "%{other:02X}"),
        };
    }
    encoded
}

fn decoded(text: &str) -> Result<String, &'static str> {
    const WRONG: &str = "a parameter is not percent-encoded UTF-8";
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2).ok_or(WRONG)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| WRONG)?);
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| WRONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Database {
        text.parse().unwrap()
    }

    #[test]
    fn a_password_without_its_host_is_refused_and_not_repeated() {
        for url in ["postgres://ani:rahasia", "postgres://ani:rahasia/city", "postgres://h/city?pass%77ord=rahasia"] {
            let refused = url.parse::<Database>().map(|_| ()).unwrap_err();
            assert!(!refused.contains("rahasia"), "{refused}");
        }
        assert!("postgres://one:5433,[::1]:5434,[::1]/city".parse::<Database>().is_ok());
    }

    #[test]
    fn what_is_ours_is_taken_out_of_the_url() {
        let check = |url: &str, expect: [&str; 2], ledger: Option<&str>, roots: Option<&str>| {
            let database = read(url);
            assert_eq!([&*database.url, &*database.to_string()], expect);
            assert_eq!(database.named().map(LedgerId::as_str), ledger);
            assert_eq!(database.roots, roots.map(PathBuf::from));
        };
        let plain = "postgresql://db.example";
        check(plain, [plain, plain], None, None);
        check(
            "postgres://ani@one:5433,[::1]/city?ledger=mojokerto",
            ["postgres://ani@one:5433,[::1]/city", "postgres://ani@one:5433,[::1]/city?ledger=mojokerto"],
            Some("mojokerto"),
            None,
        );
        check(
            "postgres://ani:r%40h:sia@%2Ftmp%2Fx/city?sslmode=require&ledger=kota%20a%26b&sslrootcert=/etc/ca%201.pem",
            [
                "postgres://ani:r%40h:sia@%2Ftmp%2Fx/city?sslmode=require",
                "postgres://ani@%2Ftmp%2Fx/city?sslmode=require&sslrootcert=/etc/ca%201.pem&ledger=kota%20a%26b",
            ],
            Some("kota a&b"),
            Some("/etc/ca 1.pem"),
        );
        check(
            "postgres://h/city?user=ani&password=rahasia",
            ["postgres://h/city?user=ani&password=rahasia", "postgres://h/city?user=ani"],
            None,
            None,
        );
        assert_eq!(read(plain).naming(&"a b".parse().unwrap()).to_string(), "postgresql://db.example?ledger=a%20b");
        check(
            "postgres://h?sslmode=verify-full",
            ["postgres://h?sslmode=require", "postgres://h?sslmode=verify-full"],
            None,
            None,
        );
        assert_eq!(read("postgres://u:p@h/d?ledger=x").shown_for("aduan_app"), "postgres://aduan_app@h/d?ledger=x");
    }

    #[test]
    fn a_password_is_neither_shown_nor_misread() {
        for url in [
            "postgres://ani:rah@sia@h/d",
            "postgres://ani:rah/sia@h/d",
            "postgres://ani:rah?sia@h/d",
            "postgres://h/d?password=rah@sia",
            "postgres://ani:rahsia@h/d?ledger=a&ledger=b",
            "postgres://ani:rahsia@h/d?ledger=%zz",
            "postgres://ani:rahsia@h/d?ledger=%C3%28",
            "postgres://ani:rahsia@h/d?ledger",
            "postgres://ani:rahsia@h/d?ledger=",
        ] {
            let error = url.parse::<Database>().unwrap_err();
            assert!(!error.contains("rah") && !error.contains("sia"), "{error}");
        }
        let database = read("postgres://ani:rahasia@h/d?password=rahasia");
        assert!(!format!("{database}{database:?}{}", database.shown()).contains("rahasia"));
    }

    #[test]
    fn a_password_of_the_environment_is_taken_where_the_url_brings_none() {
        let address = |url: &str| read(url).address(Some("r@h&sia".into()));
        assert_eq!(
            address("postgres://ani@h/d?sslmode=require"),
            "postgres://ani@h/d?sslmode=require&password=r%40h%26sia"
        );
        for url in ["postgres://ani:lain@h/d", "postgres://h/d?password=lain"] {
            assert_eq!(address(url), url);
        }
    }

    #[test]
    fn encoding_and_decoding_undo_each_other() {
        let text = "kota ? & % / é=@~";
        assert_eq!(decoded(&encoded(text)).as_deref(), Ok(text));
        assert_eq!(encoded("a b"), "a%20b");
        assert!(decoded("%4").is_err() && decoded("%4é").is_err());
    }
}
