//! What the program says of itself.

use std::ffi::OsString;

pub(crate) const HELP: &str = "\
A hub that devices sync their drafts with.

    draftkeep-hub serve                            listens, and says where
    draftkeep-hub token new NAME --space SPACE     issues a token, and shows it once
    draftkeep-hub token list                       shows all tokens, without what is secret
    draftkeep-hub token revoke ID                  a minute later it is good for nothing
    draftkeep-hub backup FILE                      copies the hub; of one that serves see --backups
    draftkeep-hub verify                           reads everything, and names what is damaged
    draftkeep-hub repair                           counts anew what damage has made wrong
    draftkeep-hub compact                          gives unused room back, overwrites what was erased

Of `token new`:
    --space SPACE            the space that it is good for; may be given several times
    --all-spaces             it is good for all of them
    --read-only              it may not push
    --metrics                it shows /metrics
    --expires-in TIME        such as 90d, 12h or 30m; for ever otherwise

Of all:                      also in the environment            also in the file
    --config FILE            DRAFTKEEP_HUB_CONFIG
    --data FILE              DRAFTKEEP_HUB_DATA                 data = \"hub.redb\"
    --tokens FILE            DRAFTKEEP_HUB_TOKENS               tokens = \"hub.redb.tokens\"
    --listen ADDRESS         DRAFTKEEP_HUB_LISTEN               listen = \"127.0.0.1:7373\"
    --tls-certificate FILE   DRAFTKEEP_HUB_TLS_CERTIFICATE      tls_certificate = \"chain.pem\"
    --tls-key FILE           DRAFTKEEP_HUB_TLS_KEY              tls_key = \"key.pem\"
    --trust-forwarded        DRAFTKEEP_HUB_TRUST_FORWARDED=yes  trust_forwarded = true
    --backups FOLDER         DRAFTKEEP_HUB_BACKUPS              backups = \"backups\"
    --backup-every TIME      DRAFTKEEP_HUB_BACKUP_EVERY         backup_every = \"6h\"
    --backup-keep NUMBER     DRAFTKEEP_HUB_BACKUP_KEEP          backup_keep = 14
    --log LEVEL              DRAFTKEEP_HUB_LOG                  log = \"info\"

A flag counts more than the environment, and that more than the file. While it serves it copies the hub into --backups, once the
newest copy there is a day old unless told otherwise, and at most once a minute. Of its own copies of this hub it keeps the newest
14, or as many as --backup-keep says, and removes older ones after a new copy is whole and undamaged; it removes nothing else.
Certificate and key are read again once a minute, and on SIGHUP: new connections get a renewed one, and one that cannot be used
changes nothing.";

/// What shows how the command that somebody meant is written.
pub(crate) fn way_out(given: &[OsString]) -> String {
    let commands = ["serve", "token", "backup", "verify", "repair", "compact"];
    let meant = given.first().and_then(|first| commands.into_iter().find(|command| first == command));
    meant.map_or_else(|| "draftkeep-hub --help".to_owned(), |meant| format!("draftkeep-hub {meant} --help"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_leads_to_the_help_of_the_command_that_was_meant() {
        let of = |line: &str| way_out(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(of("serve --prot 1"), "draftkeep-hub serve --help");
        assert_eq!(of("token new"), "draftkeep-hub token --help");
        assert_eq!(of("sevre"), "draftkeep-hub --help");
        assert_eq!(of("--data"), "draftkeep-hub --help");
    }
}
