//! The numbers of actions in an entry. Those from 24 to 31 are of erasing; those from 53 to 59 are kept free for keys.

use super::action::{AuditAction, Guard};
use crate::codec::CodecError;
use crate::id::{DraftId, HubId, KeyId};

/// An action as it is stored: a code, up to three numbers, and an id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Coded {
    pub(super) code: u32,
    pub(super) numbers: [u64; 3],
    pub(super) id: Option<[u8; 16]>,
}

impl AuditAction {
    pub(super) fn coded(self) -> Coded {
        let code = |code| Coded { code, ..Coded::default() };
        let numbers = |code, numbers| Coded { code, numbers, id: None };
        let id = |code, id| Coded { code, numbers: [0; 3], id: Some(id) };
        match self {
            Self::Started => code(1),
            Self::Promoted => code(2),
            Self::Archived => code(3),
            Self::Reopened => code(4),
            Self::Discarded => code(5),
            Self::Purged => code(6),
            Self::Restored { from, version } => numbers(7, [version, from, 0]),
            Self::Checkpointed { version } => numbers(8, [version, 0, 0]),
            Self::BlankConfirmed { version } => numbers(9, [version, 0, 0]),
            Self::Thinned { versions } => numbers(10, [versions, 0, 0]),
            Self::BroughtBack { version } => numbers(11, [version, 0, 0]),
            Self::Merged { version, head, overwritten } => numbers(16, [version, head, overwritten]),
            Self::ConflictDetected { version, theirs } => numbers(17, [version, theirs, 0]),
            Self::ConflictSettled { version } => numbers(18, [version, 0, 0]),
            Self::ConflictReleased { sides } => numbers(19, [sides, 0, 0]),
            Self::Received { version } => numbers(20, [version, 0, 0]),
            Self::Renewed { version } => numbers(21, [version, 0, 0]),
            Self::Moved { to } => id(22, *to.as_bytes()),
            Self::Erased { versions, unsynced } => numbers(24, [versions, unsynced, 0]),
            Self::KeptOut => code(25),
            Self::ErasedElsewhere { versions, unsynced } => numbers(26, [versions, unsynced, 0]),
            Self::PushedErasure => code(27),
            Self::ErasureDeclined => code(28),
            Self::PushedMain => code(32),
            Self::PushedFork => code(33),
            Self::Parked { guard } => numbers(34, [guard.number(), 0, 0]),
            Self::PassedOver { guard } => numbers(35, [guard.number(), 0, 0]),
            Self::Retried => code(36),
            Self::GivenUp { head, texts } => numbers(37, [head, texts, 0]),
            Self::Blocked => code(38),
            Self::Pulled { rows, up_to } => numbers(39, [rows, up_to, 0]),
            Self::HubMet { hub } => id(40, *hub.as_bytes()),
            Self::HubAccepted { hub } => id(41, *hub.as_bytes()),
            Self::Resynced => code(42),
            Self::SyncEnabled => code(43),
            Self::SyncDisabled => code(44),
            Self::InvalidWanted => code(45),
            Self::PointTaken { point } => numbers(48, [point, 0, 0]),
            Self::PointDropped { point } => numbers(49, [point, 0, 0]),
            Self::KeyRotated { to } => id(52, *to.as_bytes()),
            Self::KeylessDropped { texts } => numbers(53, [texts, 0, 0]),
            Self::Resealed { version } => numbers(54, [version, 0, 0]),
            Self::Resumed => code(63),
            Self::Unknown { code: unknown } => code(unknown),
        }
    }

    /// `tag` is that of the code, for the error.
    pub(super) fn of_code(Coded { code, numbers: [a, b, c], id }: Coded, tag: u64) -> Result<Self, CodecError> {
        let id = || id.ok_or(CodecError::Missing(tag));
        let guard = Guard::from_number(u32::try_from(a).unwrap_or(u32::MAX));
        Ok(match code {
            0 => return Err(CodecError::Missing(tag)),
            1 => Self::Started,
            2 => Self::Promoted,
            3 => Self::Archived,
            4 => Self::Reopened,
            5 => Self::Discarded,
            6 => Self::Purged,
            7 => Self::Restored { version: a, from: b },
            8 => Self::Checkpointed { version: a },
            9 => Self::BlankConfirmed { version: a },
            10 => Self::Thinned { versions: a },
            11 => Self::BroughtBack { version: a },
            16 => Self::Merged { version: a, head: b, overwritten: c },
            17 => Self::ConflictDetected { version: a, theirs: b },
            18 => Self::ConflictSettled { version: a },
            19 => Self::ConflictReleased { sides: a },
            20 => Self::Received { version: a },
            21 => Self::Renewed { version: a },
            22 => Self::Moved { to: DraftId::from_bytes(id()?) },
            24 => Self::Erased { versions: a, unsynced: b },
            25 => Self::KeptOut,
            26 => Self::ErasedElsewhere { versions: a, unsynced: b },
            27 => Self::PushedErasure,
            28 => Self::ErasureDeclined,
            32 => Self::PushedMain,
            33 => Self::PushedFork,
            34 => Self::Parked { guard },
            35 => Self::PassedOver { guard },
            36 => Self::Retried,
            37 => Self::GivenUp { head: a, texts: b },
            38 => Self::Blocked,
            39 => Self::Pulled { rows: a, up_to: b },
            40 => Self::HubMet { hub: HubId::from_bytes(id()?) },
            41 => Self::HubAccepted { hub: HubId::from_bytes(id()?) },
            42 => Self::Resynced,
            43 => Self::SyncEnabled,
            44 => Self::SyncDisabled,
            45 => Self::InvalidWanted,
            48 => Self::PointTaken { point: a },
            49 => Self::PointDropped { point: a },
            52 => Self::KeyRotated { to: KeyId::from_bytes(id()?) },
            53 => Self::KeylessDropped { texts: a },
            54 => Self::Resealed { version: a },
            63 => Self::Resumed,
            code => Self::Unknown { code },
        })
    }
}

impl Guard {
    /// By the number under which the draft is parked.
    pub(crate) const fn from_number(number: u32) -> Self {
        match number {
            1 => Self::Blank,
            2 => Self::TooLarge,
            3 => Self::Invalid,
            4 => Self::Forbidden,
            5 => Self::Erased,
            6 => Self::ForksFull,
            9 => Self::NotValid,
            _ => Self::Other,
        }
    }

    const fn number(self) -> u64 {
        match self {
            Self::Blank => 1,
            Self::TooLarge => 2,
            Self::Invalid => 3,
            Self::Forbidden => 4,
            Self::Erased => 5,
            Self::ForksFull => 6,
            Self::Other => 7,
            Self::NotValid => 9,
        }
    }
}
