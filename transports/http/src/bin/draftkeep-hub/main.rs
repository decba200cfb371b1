//! `draftkeep-hub`: a hub for many devices, to run.
//!
//! | file | what it holds |
//! |---|---|
//! | `args` | the command line |
//! | `settings` | flags, environment and file, in this order |
//! | `serve` | the server |
//! | `certificates` | taking over a certificate that was renewed |
//! | `backups` | copies of the hub while it serves |
//! | `tokens` | issuing, listing and revoking tokens |
//! | `upkeep` | copying, checking, repairing and compacting a hub that does not serve |

mod args;
mod backups;
mod certificates;
mod serve;
mod settings;
mod tokens;
mod upkeep;

use args::Command;
use std::process::ExitCode;

/// What went wrong, for the person who started the program.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let command = match args::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("draftkeep-hub: {error}\n\n{}", args::HELP);
            return ExitCode::from(2);
        }
    };
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprint!("draftkeep-hub: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprint!(": {error}");
                cause = error.source();
            }
            eprintln!();
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Outcome {
    match command {
        Command::Help => say(args::HELP),
        Command::Version => say(concat!("draftkeep-hub ", env!("CARGO_PKG_VERSION"))),
        Command::Serve(given) => serve::serve(&settings::settle(given)?),
        Command::NewToken(given, wish) => tokens::new(&settings::settle(given)?, &wish),
        Command::ListTokens(given) => tokens::list(&settings::settle(given)?),
        Command::Backup(given, into) => upkeep::backup(&settings::settle(given)?, &into),
        Command::Verify(given) => upkeep::verify(&settings::settle(given)?),
        Command::Repair(given) => upkeep::repair(&settings::settle(given)?),
        Command::Compact(given) => upkeep::compact(&settings::settle(given)?),
        Command::RevokeToken(given, id) => tokens::revoke(&settings::settle(given)?, &id),
    }
}

/// Writes a line for whoever reads what the program says; it is no failure that nobody does.
fn say(line: &str) -> Outcome {
    use std::io::Write as _;
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
