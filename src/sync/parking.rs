//! The numbers under which the store keeps why a draft is parked.

use crate::fault;
use crate::invalid::{Invalid, cut};
use crate::store::remote::rows::Parking;
use crate::transport::{REASON_MAX, Rejection};

/// A blank document would replace one that is not.
const BLANK: u32 = 1;
const TOO_LARGE: u32 = 2;
const INVALID: u32 = 3;
const FORBIDDEN: u32 = 4;
const ERASED: u32 = Parking::ERASED;
const FORKS_FULL: u32 = 6;
const BASE: u32 = 7;
const SPACE_FULL: u32 = 8;
/// This device's own validator refuses it.
const NOT_VALID: u32 = Parking::NOT_VALID;
/// Codes of newer releases follow.
const OTHERS: u32 = 256;

/// This device holds it back: nothing stands in the document any more.
pub(super) fn blank(reason: &str) -> Parking {
    Parking { code: BLANK, reason: reason.to_owned() }
}

/// This device holds it back: it is not valid yet.
pub(super) fn not_valid(invalid: &Invalid) -> Parking {
    let told = invalid.told(REASON_MAX - WAY_OUT.len());
    Parking { code: NOT_VALID, reason: format!("{told}{WAY_OUT}") }
}

const WAY_OUT: &str = "; it is kept here, and pushed once it is valid";

/// What a hub gives as a reason, no longer than one that comes as a message.
pub(super) fn short(mut reason: String) -> String {
    if !fault::on("reasons-kept-whole") {
        cut(&mut reason, REASON_MAX);
    }
    reason
}

/// The hub refuses it.
pub(super) fn refused(code: Rejection, reason: String) -> Parking {
    let reason = short(reason);
    let code = match code {
        Rejection::TooLarge => TOO_LARGE,
        Rejection::Invalid => INVALID,
        Rejection::Forbidden => FORBIDDEN,
        Rejection::Erased => ERASED,
        Rejection::ForksFull => FORKS_FULL,
        Rejection::Base => BASE,
        Rejection::SpaceFull => SPACE_FULL,
        Rejection::Other(code) => OTHERS.saturating_add(code),
    };
    Parking { code, reason }
}

/// What the hub refused it with; none where it was not the hub.
pub(super) fn rejection(parking: &Parking) -> Option<Rejection> {
    Some(match parking.code {
        BLANK | NOT_VALID => return None,
        TOO_LARGE => Rejection::TooLarge,
        INVALID => Rejection::Invalid,
        FORBIDDEN => Rejection::Forbidden,
        ERASED => Rejection::Erased,
        FORKS_FULL => Rejection::ForksFull,
        BASE => Rejection::Base,
        SPACE_FULL => Rejection::SpaceFull,
        code => Rejection::Other(code.saturating_sub(OTHERS)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_comes_back_as_it_was() {
        for code in [
            Rejection::TooLarge,
            Rejection::Invalid,
            Rejection::Forbidden,
            Rejection::Erased,
            Rejection::ForksFull,
            Rejection::Base,
            Rejection::SpaceFull,
            Rejection::Other(9),
            Rejection::Other(4_000_000),
        ] {
            assert_eq!(rejection(&refused(code, String::new())), Some(code));
        }
        assert_eq!(rejection(&blank("")), None);
        assert_eq!(rejection(&not_valid(&Invalid::new("it is empty"))), None);
    }
}
