//! The program `draftkeep-hub`, in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The program, to be given its arguments.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_draftkeep-hub"));
    // What the machine's own environment says of a hub is not meant.
    for name in [
        "CONFIG",
        "DATA",
        "TOKENS",
        "LISTEN",
        "TLS_CERTIFICATE",
        "TLS_KEY",
        "TRUST_FORWARDED",
        "LOG",
        "BACKUPS",
        "BACKUP_EVERY",
        "BACKUP_KEEP",
    ] {
        command.env_remove(format!("DRAFTKEEP_HUB_{name}"));
    }
    command
}

/// Starts the server, with the tokens in a file or in the one beside the data; gives where it says that it listens.
pub(crate) fn start(data: &Path, tokens: Option<&Path>, listen: &str) -> (Child, String) {
    let began = Instant::now();
    loop {
        let mut command = program();
        command.args(["serve", "--log", "error", "--listen", listen, "--data"]).arg(data);
        if let Some(tokens) = tokens {
            command.arg("--tokens").arg(tokens);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        if let Some(line) = lines.next() {
            let url = line.strip_prefix("draftkeep-hub listens on ").unwrap_or_else(|| panic!("{line}")).to_owned();
            // What else it says nobody reads.
            std::thread::spawn(move || lines.for_each(drop));
            return (child, url);
        }
        let output = child.wait_with_output().unwrap();
        // The lock and the port of one that was killed are given back a moment later.
        assert!(began.elapsed() < Duration::from_secs(30), "{}", String::from_utf8_lossy(&output.stderr));
        std::thread::sleep(Duration::from_millis(50));
    }
}
