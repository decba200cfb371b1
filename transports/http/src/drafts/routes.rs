//! The routes: one table, from which the router and its description are made.

use super::answer::Answer;
use super::call::Call;
use super::content::Media;
use super::problem::Problem;
use super::schemas::Shape;
use super::{conflicts, history, lists, phases, saving, slots};
use axum::http::Method;

/// Where the description of the routes is served.
pub(super) const OPENAPI: &str = "/openapi.json";

/// A method of a path: what it takes, gives, and does.
pub(super) struct Route {
    pub(super) method: Verb,
    pub(super) path: &'static str,
    /// The operation's name, for programs that are made from the description.
    pub(super) name: &'static str,
    pub(super) summary: &'static str,
    pub(super) query: &'static [Parameter],
    pub(super) sends: Sends,
    pub(super) condition: When,
    pub(super) gives: &'static [Given],
    /// Refusals beside those that follow from the rest.
    pub(super) refuses: &'static [u16],
    pub(super) act: fn(&Call) -> Result<Answer, Problem>,
}

/// The methods that there are; `HEAD` goes with `GET`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Patch,
    Post,
    Put,
}

impl Verb {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }

    pub(super) fn of(method: &Method) -> Option<Self> {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        [Self::Get, Self::Patch, Self::Post, Self::Put].into_iter().find(|verb| verb.name() == method.as_str())
    }
}

/// A parameter of the query.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) shape: Shape,
}

/// What the body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sends {
    Nothing,
    Document,
    Patch,
    Promotion,
    Restoring,
    Settling,
}

/// What the request says of the version that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Nothing.
    Always,
    /// `If-None-Match`: what the client has already.
    Unless,
    /// `If-Match`: what it has seen. Without it 428.
    If,
    /// `If-Match`, or `If-None-Match: *` to make something where nothing is.
    IfOrNone,
}

/// An answer to a call that was carried out.
pub(super) struct Given {
    pub(super) status: u16,
    pub(super) about: &'static str,
    /// What the body is; none where there is none.
    pub(super) shape: Option<Shape>,
    pub(super) has_tag: bool,
}

impl Sends {
    /// The media types that the body may have; none where there is no body.
    pub(super) const fn media(self) -> &'static [Media] {
        match self {
            Self::Nothing => &[],
            Self::Patch => &[Media::MergePatch, Media::JsonPatch],
            Self::Document | Self::Promotion | Self::Restoring | Self::Settling => &[Media::Json],
        }
    }
}

const fn ok(about: &'static str, shape: Shape) -> Given {
    Given { status: 200, about, shape: Some(shape), has_tag: true }
}

const fn list(about: &'static str, shape: Shape) -> Given {
    Given { status: 200, about, shape: Some(shape), has_tag: false }
}

const fn created(about: &'static str) -> Given {
    Given { status: 201, about, shape: Some(Shape::Draft), has_tag: true }
}

const UNCHANGED: Given = Given { status: 304, about: "It is what the client has.", shape: None, has_tag: true };

const CHANGED: &[Given] =
    &[ok("It is as asked for; also where the same request had done that before.", Shape::DraftInfo)];

const fn get(
    path: &'static str,
    name: &'static str,
    summary: &'static str,
    act: fn(&Call) -> Result<Answer, Problem>,
) -> Route {
    let (query, sends, condition): (&[Parameter], _, _) = (&[], Sends::Nothing, When::Always);
    Route { method: Verb::Get, path, name, summary, query, sends, condition, gives: &[], refuses: &[], act }
}

/// A change of a draft that is about the version that the client has seen.
const fn change(
    path: &'static str,
    name: &'static str,
    summary: &'static str,
    act: fn(&Call) -> Result<Answer, Problem>,
) -> Route {
    Route { method: Verb::Post, condition: When::If, gives: CHANGED, refuses: &[409], ..get(path, name, summary, act) }
}

const DRAFT: &str = "/drafts/{id}";
const SLOT: &str = "/slots/{kind}/{slot}";

/// All of them, by path.
pub(super) static ROUTES: &[Route] = &[
    Route {
        query: &[
            Parameter {
                name: "kind",
                about: "The kind; may be left out where only one is served.",
                shape: Shape::Text,
            },
            Parameter {
                name: "phase",
                about: "Some of open, promoted, archived, discarded, with commas between; open unless it is said.",
                shape: Shape::Phases,
            },
            Parameter { name: "slot_prefix", about: "Only drafts of slots that begin so.", shape: Shape::SlotPrefix },
            Parameter { name: "limit", about: "At most so many; 50 unless it is said.", shape: Shape::Page },
            Parameter { name: "after", about: "What `next` of the page before said.", shape: Shape::Cursor },
        ],
        gives: &[list("A page; the draft touched last comes first.", Shape::Drafts)],
        ..get("/drafts", "listDrafts", "The owner's drafts of a kind, newest first", lists::list)
    },
    Route {
        condition: When::Unless,
        gives: &[ok("The draft.", Shape::Draft), UNCHANGED],
        ..get(DRAFT, "readDraft", "A draft with its document", history::read)
    },
    Route {
        method: Verb::Put,
        sends: Sends::Document,
        gives: &[ok("It is stored, and on disk.", Shape::DraftInfo)],
        ..change(DRAFT, "saveDraft", "Saves a whole document", saving::save_draft)
    },
    Route {
        method: Verb::Patch,
        sends: Sends::Patch,
        gives: &[ok("It is stored, and on disk.", Shape::DraftInfo)],
        ..change(DRAFT, "patchDraft", "Saves what a patch makes of the document", saving::save_draft)
    },
    change(
        "/drafts/{id}/archive",
        "archiveDraft",
        "Keeps a draft as it is, no longer current in its slot",
        phases::archive,
    ),
    Route {
        gives: &[ok("The sides, and what could be merged of the head and the first of theirs.", Shape::Conflict)],
        ..get(
            "/drafts/{id}/conflict",
            "readConflict",
            "What stands against each other in an open conflict",
            conflicts::read,
        )
    },
    Route {
        sends: Sends::Settling,
        gives: &[ok("The head contains both sides, which stay in the history.", Shape::Draft)],
        ..change(
            "/drafts/{id}/conflict",
            "settleConflict",
            "Settles the head with the first other side",
            conflicts::settle,
        )
    },
    change("/drafts/{id}/discard", "discardDraft", "Puts a draft into the trash", phases::discard),
    Route {
        query: &[
            Parameter { name: "before", about: "What `next` of the page before said.", shape: Shape::Number },
            Parameter { name: "limit", about: "At most so many; 50 unless it is said.", shape: Shape::Page },
        ],
        gives: &[list("A page; the newest version comes first.", Shape::History)],
        ..get(
            "/drafts/{id}/history",
            "listVersions",
            "A draft's versions, newest first, without documents",
            history::list,
        )
    },
    Route {
        sends: Sends::Promotion,
        ..change(
            "/drafts/{id}/promote",
            "promoteDraft",
            "Notes what the version that If-Match names became",
            phases::promote,
        )
    },
    change("/drafts/{id}/recover", "recoverDraft", "Brings a draft back from the trash", phases::recover),
    change("/drafts/{id}/reopen", "reopenDraft", "Opens an archived draft again", phases::reopen),
    Route {
        sends: Sends::Restoring,
        gives: &[ok("The earlier document is the head, as a new version.", Shape::Draft)],
        ..change(
            "/drafts/{id}/restore",
            "restoreVersion",
            "Makes an earlier version's document the head again",
            phases::restore,
        )
    },
    Route {
        condition: When::Unless,
        gives: &[ok("The version.", Shape::Version), UNCHANGED],
        ..get("/drafts/{id}/versions/{version}", "readVersion", "A version with its document", history::version)
    },
    Route {
        condition: When::Unless,
        gives: &[ok("The draft.", Shape::Draft), UNCHANGED],
        ..get(SLOT, "readSlot", "The slot's current draft", slots::read)
    },
    Route {
        method: Verb::Post,
        sends: Sends::Document,
        gives: &[
            ok("There was one, which is shown; what was sent was not stored.", Shape::Draft),
            created("It began with what was sent, and is on disk."),
        ],
        ..get(SLOT, "resumeOrStart", "The slot's current draft, or one that begins with what is sent", slots::create)
    },
    Route {
        method: Verb::Put,
        sends: Sends::Document,
        condition: When::IfOrNone,
        gives: &[
            ok("It is stored, and on disk.", Shape::DraftInfo),
            created("It began with what was sent, and is on disk."),
        ],
        refuses: &[409, 412],
        ..get(SLOT, "saveSlot", "Saves a whole document in the slot's current draft, or begins one", slots::put)
    },
    Route {
        method: Verb::Patch,
        sends: Sends::Patch,
        gives: &[ok("It is stored, and on disk.", Shape::DraftInfo)],
        ..change(SLOT, "patchSlot", "Saves what a patch makes of the current draft's document", saving::save_current)
    },
    Route {
        gives: &[list("All of them; a slot has few.", Shape::Generations)],
        ..get(
            "/slots/{kind}/{slot}/drafts",
            "listSlot",
            "All drafts of a slot, the newest generation first",
            slots::generations,
        )
    },
    Route {
        method: Verb::Post,
        sends: Sends::Document,
        gives: &[Given {
            status: 200,
            about: "`seeded` says whether the slot's first draft began with what was sent; repeating it answers the same.",
            shape: Some(Shape::Seeded),
            has_tag: false,
        }],
        ..get(
            "/slots/{kind}/{slot}/seed",
            "seedSlot",
            "Takes over a value, where the slot never had a draft",
            slots::seed,
        )
    },
    Route {
        sends: Sends::Document,
        gives: &[created("The draft that If-Match names is archived, and the next one began with what was sent.")],
        ..change(
            "/slots/{kind}/{slot}/start-over",
            "startOver",
            "Archives the current draft and begins the next",
            slots::start_over,
        )
    },
];
