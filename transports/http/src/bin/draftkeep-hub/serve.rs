//! The server.

use crate::settings::Settings;
use crate::{Outcome, backups, certificates, say};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep_http::{HubService, Limits, Listener, ListenerOptions, Tls, TokenFile};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// What is logged: a level, or levels by module as `tracing-subscriber` reads them. A word that is no level would be a module to it,
/// and nothing else be logged.
fn filter(log: &str) -> Result<EnvFilter, String> {
    let is_word = log.split(',').any(|part| !part.contains('=') && part.trim().parse::<LevelFilter>().is_err());
    if is_word {
        return Err(format!(
            "--log {log:?}: it takes off, error, warn, info, debug or trace, or module=level, with commas between"
        ));
    }
    EnvFilter::builder().parse(log).map_err(|error| format!("--log {log:?}: {error}"))
}

pub(crate) fn serve(settings: &Settings) -> Outcome {
    let filter = filter(&settings.log)?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    let hub = Hub::open_or_create(&settings.data, HubOptions::new())?;
    let id = hub.id();
    let tokens = TokenFile::open_or_create(&settings.tokens)?;
    let has_tokens = !TokenFile::list(&settings.tokens)?.is_empty();
    let mut options = ListenerOptions::new();
    let tls = settings.tls.as_ref().map(|(certificate, key)| Tls::from_files(certificate, key)).transpose()?;
    if let Some(tls) = &tls {
        options = options.tls(tls.clone());
    }
    let limits = if settings.trust_forwarded { Limits::new().trust_forwarded() } else { Limits::new() };
    if let Some(how) = &settings.backups {
        backups::begin(&hub, how)?;
    }
    let service = HubService::of_hub(hub, tokens, limits);

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(async {
        let listener = Listener::bind(&settings.listen, options).await;
        let listener = listener.map_err(|error| format!("{} cannot be listened on: {error}", settings.listen))?;
        // From here on a signal ends it so that nothing is lost.
        let stop = Stop::new()?;
        if let Some(tls) = tls {
            certificates::follow(tls)?;
        }
        let scheme = if settings.tls.is_some() { "https" } else { "http" };
        say(&format!("draftkeep-hub listens on {scheme}://{}", listener.address()))?;
        say(&format!("hub {id}, in {}", settings.data.display()))?;
        if !has_tokens {
            say("Nobody has a token yet. Issue one, and give it to a device together with the address:")?;
            let (data, tokens) = (settings.data.display(), settings.tokens.display());
            say(&format!("    draftkeep-hub token new \"my laptop\" --space me --data {data} --tokens {tokens}"))?;
        }
        if settings.tls.is_none() && !listener.address().ip().is_loopback() {
            say("Nothing is encrypted: give --tls-certificate and --tls-key, or let only a proxy that encrypts come here.")?;
        }
        let served = listener.serve(&service, stop.asked()).await;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(served)
    })?;
    tracing::info!(cut_off = served.cut_off, is_complete = served.is_complete, "ended");
    if served.is_complete { Ok(()) } else { Err("the hub was still at something when the time to end was over".into()) }
}

/// The signals that ask the program to end. The second one ends it at once, as the system does it.
struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    #[cfg(unix)]
    fn new() -> Outcome<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    #[cfg(unix)]
    async fn asked(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        tracing::info!("ending: what was begun is carried out first; once more ends it at once");
        tokio::spawn(async move {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
            }
            std::process::exit(130);
        });
    }

    #[cfg(not(unix))]
    fn new() -> Outcome<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn asked(self) {
        // Where it cannot be listened to, the system ends the program.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_level_is_refused() {
        for log in ["info", "off", "WARN", "draftkeep=debug,info", "info,draftkeep_http=trace"] {
            assert!(filter(log).is_ok(), "{log}");
        }
        for log in ["loud", "info,loud", "draftkeep=loud"] {
            assert!(filter(log).is_err(), "{log}");
        }
    }
}
