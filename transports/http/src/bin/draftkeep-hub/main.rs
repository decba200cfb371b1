//! `draftkeep-hub`: a hub for many devices, to run.
//!
//! | file | what it holds |
//! |---|---|
//! | `args` | the command line |
//! | `words` | what `--help` says, and where an error of the command line leads |
//! | `settings` | flags, environment and file, in this order |
//! | `serve` | the server |
//! | `certificates` | taking over a certificate that was renewed |
//! | `backups` | copies of the hub while it serves |
//! | `tokens` | issuing, listing and revoking tokens |
//! | `causes` | what errors say of what is behind them; the library's own |
//! | `upkeep` | copying, checking, repairing and compacting a hub that does not serve |

mod args;
mod backups;
#[path = "../../causes.rs"]
mod causes;
mod certificates;
mod serve;
mod settings;
mod tokens;
mod upkeep;
mod words;

use args::Command;
use std::process::ExitCode;

/// What went wrong, for the person who started the program.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Says nothing of panics that the library catches and makes errors of: those say what is damaged, and this program says that.
fn be_quiet_about_damage() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !draftkeep::storage::is_panic_caught() {
            usual(panic);
        }
    }));
}

fn main() -> ExitCode {
    be_quiet_about_damage();
    let given: Vec<_> = std::env::args_os().skip(1).collect();
    let command = match args::parse(given.clone()) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("draftkeep-hub: {error}; `{}` shows what it takes", words::way_out(&given));
            return ExitCode::from(2);
        }
    };
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("draftkeep-hub: {}", causes::causes(&*error));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Outcome {
    match command {
        Command::Help => say(words::HELP),
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
