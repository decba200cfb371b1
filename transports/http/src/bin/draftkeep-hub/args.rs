//! The command line.

use crate::Outcome;
use crate::settings::Given;
use draftkeep_http::{Rights, Spaces};
use lexopt::{Arg, Parser, ValueExt as _};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// What the program is to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Version,
    Serve(Given),
    NewToken(Given, Wish),
    ListTokens(Given),
    RevokeToken(Given, String),
    Backup(Given, PathBuf),
    Verify(Given),
    Repair(Given),
    Compact(Given),
}

/// A token to be issued.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) name: String,
    pub(crate) spaces: Spaces,
    pub(crate) rights: Rights,
    pub(crate) shows_metrics: bool,
    pub(crate) expires_in: Option<Duration>,
}

/// What is read before it is known whether it fits together.
#[derive(Debug, Default)]
struct Words {
    plain: Vec<String>,
    given: Given,
    spaces: BTreeSet<String>,
    is_for_all: bool,
    is_read_only: bool,
    shows_metrics: bool,
    expires_in: Option<Duration>,
    of_a_new_token: Option<&'static str>,
}

pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Outcome<Command> {
    let mut parser = Parser::from_args(args);
    let mut words = Words::default();
    while let Some(arg) = parser.next()? {
        let given = &mut words.given;
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Long("config") => given.config = Some(parser.value()?.into()),
            Arg::Long("data") => given.settings.data = Some(parser.value()?.into()),
            Arg::Long("tokens") => given.settings.tokens = Some(parser.value()?.into()),
            Arg::Long("listen") => given.settings.listen = Some(parser.value()?.string()?),
            Arg::Long("tls-certificate") => given.settings.tls_certificate = Some(parser.value()?.into()),
            Arg::Long("tls-key") => given.settings.tls_key = Some(parser.value()?.into()),
            Arg::Long("backups") => given.settings.backups = Some(parser.value()?.into()),
            Arg::Long("backup-every") => given.settings.backup_every = Some(parser.value()?.string()?),
            Arg::Long("backup-keep") => given.settings.backup_keep = Some(parser.value()?.parse()?),
            Arg::Long("trust-forwarded") => given.settings.trust_forwarded = Some(true),
            Arg::Long("log") => given.settings.log = Some(parser.value()?.string()?),
            Arg::Long("space") => {
                words.spaces.insert(parser.value()?.string()?);
                words.of_a_new_token = Some("--space");
            }
            Arg::Long("all-spaces") => (words.is_for_all, words.of_a_new_token) = (true, Some("--all-spaces")),
            Arg::Long("read-only") => (words.is_read_only, words.of_a_new_token) = (true, Some("--read-only")),
            Arg::Long("metrics") => (words.shows_metrics, words.of_a_new_token) = (true, Some("--metrics")),
            Arg::Long("expires-in") => {
                words.expires_in = Some(time(&parser.value()?.string()?)?);
                words.of_a_new_token = Some("--expires-in");
            }
            Arg::Value(word) => words.plain.push(word.string()?),
            arg => return Err(arg.unexpected().into()),
        }
    }
    command(words)
}

fn command(words: Words) -> Outcome<Command> {
    let all: Vec<&str> = words.plain.iter().map(String::as_str).collect();
    if let (Some(flag), false) = (words.of_a_new_token, matches!(all[..], ["token", "new", ..])) {
        return Err(format!("{flag} goes with `token new` alone").into());
    }
    match all[..] {
        [] => Ok(Command::Help),
        ["serve"] => Ok(Command::Serve(words.given)),
        ["token", "new", name] => {
            let wish = wish(name.to_owned(), &words)?;
            Ok(Command::NewToken(words.given, wish))
        }
        ["token", "new"] => Err("a token has a name, for people: whose device is it?".into()),
        ["token", "list"] => Ok(Command::ListTokens(words.given)),
        ["token", "revoke", id] => Ok(Command::RevokeToken(words.given, id.to_owned())),
        ["backup", file] => Ok(Command::Backup(words.given, file.into())),
        ["backup"] => Err("into which file? It must not be there yet".into()),
        ["verify"] => Ok(Command::Verify(words.given)),
        ["repair"] => Ok(Command::Repair(words.given)),
        ["compact"] => Ok(Command::Compact(words.given)),
        ["token", "revoke"] => Err("which token? `token list` shows their ids".into()),
        _ => Err(format!("{:?} is no command", words.plain.join(" ")).into()),
    }
}

fn wish(name: String, words: &Words) -> Outcome<Wish> {
    let spaces = match (words.is_for_all, words.spaces.is_empty()) {
        (true, true) => Spaces::All,
        (false, false) => Spaces::These(words.spaces.clone()),
        (true, false) => return Err("--all-spaces and --space do not go together".into()),
        (false, true) if words.shows_metrics => Spaces::These(BTreeSet::new()),
        (false, true) => return Err("for which space? Give --space SPACE or --all-spaces".into()),
    };
    let rights = if words.is_read_only { Rights::Read } else { Rights::Write };
    Ok(Wish { name, spaces, rights, shows_metrics: words.shows_metrics, expires_in: words.expires_in })
}

/// Reads `90d`, `12h`, `30m` or `45s`.
pub(crate) fn time(text: &str) -> Outcome<Duration> {
    let wrong = || format!("{text:?} is no time; write it like 90d, 12h, 30m or 45s");
    let unit = match text.chars().last() {
        Some('d') => 24 * 60 * 60,
        Some('h') => 60 * 60,
        Some('m') => 60,
        Some('s') => 1,
        _ => return Err(wrong().into()),
    };
    let count: u64 = text.get(..text.len() - 1).and_then(|count| count.parse().ok()).ok_or_else(wrong)?;
    count.checked_mul(unit).filter(|seconds| *seconds > 0).map(Duration::from_secs).ok_or_else(|| wrong().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn commands_are_read() {
        assert_eq!(read(""), Ok(Command::Help));
        assert_eq!(read("serve --help"), Ok(Command::Help));
        let Ok(Command::Serve(given)) = read("serve --listen 127.0.0.1:0 --data=a.redb") else { panic!() };
        assert_eq!(
            (given.settings.listen.as_deref(), given.settings.data),
            (Some("127.0.0.1:0"), Some("a.redb".into()))
        );
        let Ok(Command::NewToken(_, wish)) = read("token new phone --space a --space b --read-only --expires-in 90d")
        else {
            panic!()
        };
        let spaces = Spaces::These(["a".to_owned(), "b".to_owned()].into());
        let expires_in = Some(Duration::from_secs(90 * 24 * 60 * 60));
        let expected =
            Wish { name: "phone".to_owned(), spaces, rights: Rights::Read, shows_metrics: false, expires_in };
        assert_eq!(wish, expected);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_way_out() {
        for (line, word) in [
            ("sevre", "no command"),
            ("serve twice", "no command"),
            ("serve --space a", "token new"),
            ("token new", "name"),
            ("token new phone", "--space"),
            ("token new phone --all-spaces --space a", "together"),
            ("token new phone --space a --expires-in soon", "90d"),
            ("token new phone --space a --expires-in 0d", "90d"),
            ("token new phone --space a --expires-in 99999999999999999999d", "90d"),
            ("token new phone --space a --expires-in ä", "90d"),
            ("token revoke", "token list"),
            ("backup", "which file"),
            ("verify twice", "no command"),
            ("serve --prot 1", "--prot"),
            ("serve --listen", "--listen"),
            ("serve --backup-keep many", "many"),
        ] {
            let error = read(line).expect_err(line);
            assert!(error.contains(word), "{line}: {error}");
        }
    }
}
