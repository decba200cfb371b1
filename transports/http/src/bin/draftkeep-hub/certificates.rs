//! Taking over a certificate that was renewed, without a restart.

use crate::Outcome;
use draftkeep_http::Tls;
use std::time::Duration;

/// How often the files are looked at by themselves, for systems and people without a signal.
const EVERY: Duration = Duration::from_secs(60);

/// Reads the files again on every SIGHUP, and once a minute. Needs a runtime.
pub(crate) fn follow(tls: Tls) -> Outcome {
    let mut asked = Asked::new()?;
    tokio::spawn(async move {
        loop {
            asked.next().await;
            match tls.reload() {
                Ok(true) => tracing::info!("the certificate was renewed; new connections get it"),
                Ok(false) => tracing::debug!("the certificate is the same"),
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                    tracing::error!(%error, cause, "the certificate of before is used on");
                }
            }
        }
    });
    Ok(())
}

/// Says when it is time to look.
struct Asked {
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
}

impl Asked {
    #[cfg(unix)]
    fn new() -> Outcome<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { hangup: signal(SignalKind::hangup())? })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.hangup.recv() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }

    #[cfg(not(unix))]
    fn new() -> Outcome<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        tokio::time::sleep(EVERY).await;
    }
}
