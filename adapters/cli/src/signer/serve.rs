//! `signer serve`: answers until it is stopped. What it signed is on the disk before anybody is answered, so that it may
//! be stopped at any moment.

use std::path::PathBuf;

use aduan_signer::{listen, serve, serve_lines};
use clap::Args;
use serde_json::json;
use tokio::io::{BufReader, stdin, stdout};

use super::Folder;
use crate::Now;
use crate::answer::{Exit, Failure, Teller};

/// What `signer serve` is told.
#[derive(Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    now: Now,
}

/// Where it is asked.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct At {
    /// A socket to listen at, for its owner and group.
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Standard input and output, one line each way: behind ssh, or in front of a smart card.
    #[arg(long)]
    stdio: bool,
}

impl Serve {
    /// Serves until the input ends, or for good.
    pub(super) async fn run(self, teller: Teller) -> Result<Exit, Failure> {
        let signer = self.folder.open(self.now.now, teller)?;
        let Some(socket) = &self.at.socket else {
            let served = serve_lines(BufReader::new(stdin()), stdout(), &signer).await;
            return served.map(|()| Exit::Done).map_err(|error| Failure::Failed(format!("input: {error}")));
        };
        let listener = listen(socket).map_err(|error| Failure::Failed(error.to_string()))?;
        let keys: Vec<String> = signer.keys().iter().map(ToString::to_string).collect();
        let text = format!("signs at {} under\n  {}", socket.display(), keys.join("\n  "));
        teller.tell(&json!({ "socket": socket.display().to_string(), "keys": keys }), &text)?;
        let Err(error) = serve(listener, signer).await;
        Err(Failure::file(socket, &error))
    }
}
