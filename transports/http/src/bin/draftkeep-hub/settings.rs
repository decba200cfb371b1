//! Flags, environment and file, in this order.

use crate::Outcome;
use crate::args::time;
use serde::Deserialize;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a hub is copied unless it is said.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A copy is all of the hub, so that more of them would keep the disk busy with nothing else.
const A_MINUTE: Duration = Duration::from_secs(60);

/// How many copies are kept unless it is said: two weeks of them, once a day.
const KEEP: u32 = 14;

/// What one place says; what it does not say is asked of the next one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    pub(crate) data: Option<PathBuf>,
    pub(crate) tokens: Option<PathBuf>,
    pub(crate) listen: Option<String>,
    pub(crate) tls_certificate: Option<PathBuf>,
    pub(crate) tls_key: Option<PathBuf>,
    pub(crate) backups: Option<PathBuf>,
    pub(crate) backup_every: Option<String>,
    pub(crate) backup_keep: Option<u32>,
    pub(crate) trust_forwarded: Option<bool>,
    pub(crate) log: Option<String>,
}

/// What the command line says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) config: Option<PathBuf>,
    pub(crate) settings: Said,
}

/// What counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) data: PathBuf,
    pub(crate) tokens: PathBuf,
    pub(crate) listen: String,
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    /// Whether and how the hub is copied while it serves.
    pub(crate) backups: Option<Backups>,
    pub(crate) trust_forwarded: bool,
    pub(crate) log: String,
}

/// How the hub is copied while it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backups {
    pub(crate) folder: PathBuf,
    pub(crate) every: Duration,
    pub(crate) keep: usize,
}

pub(crate) fn settle(given: Given) -> Outcome<Settings> {
    settle_with(given, &|name| std::env::var_os(format!("DRAFTKEEP_HUB_{name}")))
}

fn settle_with(given: Given, variable: &dyn Fn(&str) -> Option<OsString>) -> Outcome<Settings> {
    let of_environment = environment(variable)?;
    let of_file = match given.config.or_else(|| variable("CONFIG").map(PathBuf::from)) {
        Some(path) => file(&path)?,
        None => Said::default(),
    };
    let all = given.settings.or(of_environment).or(of_file);
    let data = all.data.unwrap_or_else(|| PathBuf::from("hub.redb"));
    let tokens = all.tokens.unwrap_or_else(|| {
        let mut name = data.as_os_str().to_owned();
        name.push(".tokens");
        name.into()
    });
    let tls = match (all.tls_certificate, all.tls_key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => return Err("a certificate and its key go together: --tls-certificate FILE --tls-key FILE".into()),
    };
    let every = all.backup_every.map_or(Ok(A_DAY), |text| time(&text))?;
    if every < A_MINUTE {
        return Err(format!(
            "a hub is copied at most once a minute, not every {every:?}; give --backup-every 1m or more"
        )
        .into());
    }
    let keep = usize::try_from(all.backup_keep.unwrap_or(KEEP))?;
    if keep == 0 {
        return Err("the newest copy is always kept; give --backup-keep 1 or more".into());
    }
    Ok(Settings {
        data,
        tokens,
        backups: all.backups.map(|folder| Backups { folder, every, keep }),
        listen: all.listen.unwrap_or_else(|| "127.0.0.1:7373".to_owned()),
        tls,
        trust_forwarded: all.trust_forwarded.unwrap_or(false),
        log: all.log.unwrap_or_else(|| "info".to_owned()),
    })
}

impl Said {
    fn or(self, other: Self) -> Self {
        Self {
            data: self.data.or(other.data),
            tokens: self.tokens.or(other.tokens),
            listen: self.listen.or(other.listen),
            tls_certificate: self.tls_certificate.or(other.tls_certificate),
            tls_key: self.tls_key.or(other.tls_key),
            backups: self.backups.or(other.backups),
            backup_every: self.backup_every.or(other.backup_every),
            backup_keep: self.backup_keep.or(other.backup_keep),
            trust_forwarded: self.trust_forwarded.or(other.trust_forwarded),
            log: self.log.or(other.log),
        }
    }
}

fn environment(variable: &dyn Fn(&str) -> Option<OsString>) -> Outcome<Said> {
    let path = |name| variable(name).map(PathBuf::from);
    let text = |name: &str| {
        let value = variable(name).map(OsString::into_string).transpose();
        value.map_err(|_| format!("DRAFTKEEP_HUB_{name} is not UTF-8"))
    };
    let trust_forwarded = match text("TRUST_FORWARDED")?.as_deref() {
        None => None,
        Some("yes") => Some(true),
        Some("no") => Some(false),
        Some(other) => return Err(format!("DRAFTKEEP_HUB_TRUST_FORWARDED is yes or no, not {other:?}").into()),
    };
    let keep = text("BACKUP_KEEP")?.map(|text| text.parse().map_err(|_| text)).transpose();
    let backup_keep = keep.map_err(|text| format!("DRAFTKEEP_HUB_BACKUP_KEEP is a number of copies, not {text:?}"))?;
    Ok(Said {
        data: path("DATA"),
        tokens: path("TOKENS"),
        listen: text("LISTEN")?,
        tls_certificate: path("TLS_CERTIFICATE"),
        tls_key: path("TLS_KEY"),
        backups: path("BACKUPS"),
        backup_every: text("BACKUP_EVERY")?,
        backup_keep,
        trust_forwarded,
        log: text("LOG")?,
    })
}

fn file(path: &Path) -> Outcome<Said> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    Ok(toml::from_str(&text).map_err(|error| format!("{} cannot be understood: {error}", path.display()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_counts_more_than_the_environment_and_that_more_than_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hub.toml");
        std::fs::write(&path, "data = \"of-file\"\nlisten = \"of-file\"\nlog = \"of-file\"\n").unwrap();
        let environment = |name: &str| match name {
            "CONFIG" => Some(path.clone().into_os_string()),
            "LISTEN" | "LOG" => Some("of-environment".into()),
            _ => None,
        };
        let mut given = Given::default();
        given.settings.log = Some("of-flag".to_owned());
        let settings = settle_with(given, &environment).unwrap();
        assert_eq!(settings.data, Path::new("of-file"));
        assert_eq!(settings.tokens, Path::new("of-file.tokens"));
        assert_eq!((settings.listen.as_str(), settings.log.as_str()), ("of-environment", "of-flag"));
    }

    #[test]
    fn what_is_misspelt_or_half_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hub.toml");
        let with_file = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let given = Given { config: Some(path.clone()), ..Given::default() };
            settle_with(given, &|_| None).map_err(|error| error.to_string())
        };
        assert!(with_file("dta = \"x\"").unwrap_err().contains("dta"));
        assert!(with_file("tls_key = \"x\"").unwrap_err().contains("--tls-certificate"));
        assert!(with_file("backup_every = \"often\"").unwrap_err().contains("often"));
        assert!(with_file("backup_every = \"59s\"").unwrap_err().contains("--backup-every 1m"));
        assert!(with_file("backup_every = \"60s\"").is_ok());
        assert!(with_file("backup_keep = 0").unwrap_err().contains("--backup-keep 1"));
        assert!(with_file("backup_keep = -1").is_err());
        let environment = |name: &str| (name == "BACKUP_KEEP").then(|| "many".into());
        assert!(settle_with(Given::default(), &environment).unwrap_err().to_string().contains("many"));
        assert!(with_file("trust_forwarded = \"perhaps\"").is_err());
        let environment = |name: &str| (name == "TRUST_FORWARDED").then(|| "perhaps".into());
        assert!(settle_with(Given::default(), &environment).is_err());
        let missing = Given { config: Some(folder.path().join("missing")), ..Given::default() };
        assert!(settle_with(missing, &|_| None).unwrap_err().to_string().contains("missing"));
    }
}
