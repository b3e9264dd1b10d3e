//! Runs a command with a throwaway PostgreSQL server at `DATABASE_URL`, and ends as it ends: `with-postgres cargo test`.
//!
//! Where `DATABASE_URL` is set already, that server is used. It prints nothing of its own, so the command's last lines
//! stay the last.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, ExitStatus};

use aduan_testkit::postgres::{Cluster, ClusterOptions, LOG_VARIABLE};

fn main() -> ExitCode {
    match run() {
        // As shells report a signal.
        Ok(status) => {
            let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
            ExitCode::from(u8::try_from(code).unwrap_or(1))
        }
        Err(error) => {
            eprintln!("with-postgres: {error}");
            ExitCode::from(125)
        }
    }
}

fn run() -> Result<ExitStatus, Box<dyn std::error::Error>> {
    let mut words = std::env::args_os().skip(1);
    let program = words.next().ok_or("say which command to run, such as: with-postgres cargo test")?;
    let mut command = Command::new(&program);
    command.args(words);
    // Named, because it is dropped, and the server stopped, when the command has ended.
    let _cluster = if std::env::var_os("DATABASE_URL").is_none_or(|url| url.is_empty()) {
        let cluster = Cluster::start(ClusterOptions::default())?;
        command.env("DATABASE_URL", cluster.url()).env(LOG_VARIABLE, cluster.log_path());
        Some(cluster)
    } else {
        None
    };
    command.status().map_err(|error| format!("{}: {error}", program.display()).into())
}
