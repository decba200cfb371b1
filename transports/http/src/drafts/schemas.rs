//! What bodies and parameters look like, as JSON Schema (2020-12, the dialect of OpenAPI 3.1).

/// A body or a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Conflict,
    Cursor,
    Draft,
    DraftInfo,
    Drafts,
    Generations,
    History,
    Number,
    Page,
    Phases,
    Seeded,
    SlotPrefix,
    Text,
    Version,
}

impl Shape {
    /// The schema, or where it stands.
    pub(super) const fn json(self) -> &'static str {
        match self {
            Self::Conflict => r##"{"$ref":"#/components/schemas/Conflict"}"##,
            Self::Cursor => r#"{"type":"string","pattern":"^[0-9]{1,20}$"}"#,
            Self::Draft => r##"{"$ref":"#/components/schemas/Draft"}"##,
            Self::DraftInfo => r##"{"$ref":"#/components/schemas/DraftInfo"}"##,
            Self::Drafts => r##"{"$ref":"#/components/schemas/Drafts"}"##,
            Self::Generations => r##"{"$ref":"#/components/schemas/Generations"}"##,
            Self::History => r##"{"$ref":"#/components/schemas/History"}"##,
            Self::Number => r#"{"type":"integer","minimum":1}"#,
            Self::Page => r#"{"type":"integer","minimum":1,"maximum":200}"#,
            Self::Phases => {
                r#"{"type":"string","pattern":"^(open|promoted|archived|discarded)(,(open|promoted|archived|discarded))*$"}"#
            }
            Self::Seeded => r##"{"$ref":"#/components/schemas/Seeded"}"##,
            Self::SlotPrefix => r#"{"type":"string","maxLength":256}"#,
            Self::Text => r#"{"type":"string"}"#,
            Self::Version => r##"{"$ref":"#/components/schemas/Version"}"##,
        }
    }
}

/// The schemas that others refer to, by name.
pub(super) const COMPONENTS: &[(&str, &str)] = &[
    (
        "Document",
        r#"{"description":"A document of the kind: any JSON value that the kind takes. At most 64 levels deep, every key once, numbers of 64 bits."}"#,
    ),
    ("MergePatch", r#"{"description":"A JSON Merge Patch (RFC 7396) of the document."}"#),
    (
        "JsonPatch",
        r#"{"description":"A JSON Patch (RFC 6902) of the document: all of it is applied, or nothing.","type":"array","items":{"type":"object","required":["op","path"],"properties":{"op":{"enum":["add","remove","replace","move","copy","test"]},"path":{"type":"string"},"from":{"type":"string"},"value":{}}}}"#,
    ),
    (
        "Promotion",
        r#"{"type":"object","required":["outcome"],"additionalProperties":false,"properties":{"outcome":{"type":"string","minLength":1,"maxLength":256,"description":"What the draft became: at most 256 bytes."},"archive":{"type":"boolean","description":"Whether it is archived in the same commit."}}}"#,
    ),
    (
        "Restoring",
        r#"{"type":"object","required":["version"],"additionalProperties":false,"properties":{"version":{"type":"integer","minimum":1}}}"#,
    ),
    (
        "Settling",
        r##"{"type":"object","required":["theirs","document"],"additionalProperties":false,"properties":{"theirs":{"$ref":"#/components/schemas/Revision"},"document":{"$ref":"#/components/schemas/Document"}}}"##,
    ),
    ("Id", r#"{"type":"string","pattern":"^[0-9a-f]{32}$"}"#),
    ("Revision", r#"{"type":"string","pattern":"^[0-9a-f]{64}$"}"#),
    (
        "Tag",
        r#"{"type":"string","pattern":"^\"[0-9]+-[0-9a-f]{64}\"$","description":"A version's number and revision, in quotes. Strong."}"#,
    ),
    ("Phase", r#"{"enum":["open","promoted","archived","discarded"]}"#),
    ("Time", r#"{"type":"string","format":"date-time","description":"For people to read; it decides no order."}"#),
    (
        "DraftInfo",
        r##"{"type":"object","required":["id","kind","slot","generation","phase","outcome","promoted","label","device","version","revision","size","created_at","saved_at","phase_since","schema","conflicts"],"properties":{"id":{"$ref":"#/components/schemas/Id"},"kind":{"type":"string"},"slot":{"type":["string","null"],"description":"Null where it has none, or one that is not text."},"generation":{"type":["integer","null"],"minimum":1},"phase":{"$ref":"#/components/schemas/Phase"},"outcome":{"type":["string","null"]},"promoted":{"type":["string","null"],"description":"The revision that was promoted."},"label":{"type":["string","null"]},"device":{"type":["string","null"]},"version":{"type":"integer","minimum":1},"revision":{"$ref":"#/components/schemas/Revision"},"size":{"type":"integer","minimum":0},"created_at":{"$ref":"#/components/schemas/Time"},"saved_at":{"$ref":"#/components/schemas/Time"},"phase_since":{"$ref":"#/components/schemas/Time"},"schema":{"type":"integer","minimum":1},"conflicts":{"type":"integer","minimum":0,"description":"How many other versions stand beside the head in an open conflict."}}}"##,
    ),
    (
        "Draft",
        r##"{"allOf":[{"$ref":"#/components/schemas/DraftInfo"},{"type":"object","required":["document"],"properties":{"document":{"$ref":"#/components/schemas/Document"}}}]}"##,
    ),
    (
        "Drafts",
        r##"{"type":"object","required":["drafts","next"],"properties":{"drafts":{"type":"array","items":{"$ref":"#/components/schemas/DraftInfo"}},"next":{"type":["string","null"],"description":"What to send as `after` for the next page; null on the last one."}}}"##,
    ),
    (
        "Generations",
        r##"{"type":"object","required":["drafts"],"properties":{"drafts":{"type":"array","items":{"$ref":"#/components/schemas/DraftInfo"}}}}"##,
    ),
    (
        "Seeded",
        r##"{"type":"object","required":["seeded","draft"],"properties":{"seeded":{"type":"boolean"},"draft":{"oneOf":[{"$ref":"#/components/schemas/Draft"},{"type":"null"}],"description":"The slot's current draft."}}}"##,
    ),
    (
        "VersionInfo",
        r##"{"type":"object","required":["version","saved_at","size","phase","checkpoint","outcome","device","schema","aside"],"properties":{"version":{"type":"integer","minimum":1},"saved_at":{"$ref":"#/components/schemas/Time"},"size":{"type":"integer","minimum":0},"phase":{"$ref":"#/components/schemas/Phase"},"checkpoint":{"type":["string","null"]},"outcome":{"type":["string","null"]},"device":{"type":["string","null"]},"schema":{"type":"integer","minimum":1},"aside":{"type":"boolean","description":"It was not the head when it was written."}}}"##,
    ),
    (
        "Version",
        r##"{"allOf":[{"$ref":"#/components/schemas/VersionInfo"},{"type":"object","required":["revision","document"],"properties":{"revision":{"$ref":"#/components/schemas/Revision"},"document":{"$ref":"#/components/schemas/Document"}}}]}"##,
    ),
    (
        "History",
        r##"{"type":"object","required":["versions","damaged","next"],"properties":{"versions":{"type":"array","items":{"$ref":"#/components/schemas/VersionInfo"}},"damaged":{"type":"array","description":"Spans of versions that cannot be read, first and last included.","items":{"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":2}},"next":{"type":["integer","null"],"description":"What to send as `before` for the next page; null on the last one."}}}"##,
    ),
    (
        "Conflict",
        r##"{"type":"object","required":["ours","theirs","merged","paths"],"properties":{"ours":{"$ref":"#/components/schemas/Version"},"theirs":{"type":"array","minItems":1,"items":{"allOf":[{"$ref":"#/components/schemas/Version"},{"type":"object","required":["base"],"properties":{"base":{"description":"What it and the head came from; null where that is not known."}}}]}},"merged":{"$ref":"#/components/schemas/Document"},"paths":{"type":"array","items":{"type":"string"},"description":"Where a person has to decide between the head and the first of theirs."}}}"##,
    ),
    (
        "Problem",
        r#"{"description":"RFC 9457. Unless detail says that the outcome is unknown, nothing was changed.","type":"object","required":["type","title","status","code","detail","way_out"],"properties":{"type":{"type":"string","format":"uri"},"title":{"type":"string"},"status":{"type":"integer"},"code":{"type":"string","description":"What a program decides by."},"detail":{"type":"string"},"way_out":{"type":"string"},"limit":{"type":"integer","description":"The limit that was passed."},"trace_id":{"type":"string","description":"Leads to the server's log."},"errors":{"type":"array","items":{"type":"object","required":["path","message"],"properties":{"path":{"type":"string","description":"A JSON pointer into the body."},"message":{"type":"string"}}}}}}"#,
    ),
    (
        "MovedOn",
        r##"{"description":"Somebody saved since: both sides, and what they came from. Other reasons of a 409 have none of these members.","allOf":[{"$ref":"#/components/schemas/Problem"},{"type":"object","properties":{"draft":{"$ref":"#/components/schemas/Id"},"version":{"type":"integer"},"revision":{"$ref":"#/components/schemas/Revision"},"phase":{"$ref":"#/components/schemas/Phase"},"stored":{"type":["integer","null"],"description":"The version that holds what was sent, where the same request stored it before; null where it is not stored."},"base":{"description":"The document of the version that If-Match names; null where it is not known."},"yours":{"description":"The document that was to be saved; null where there is none."},"theirs":{"description":"The draft's document now."},"merged":{"description":"What the kind's policy makes of yours and theirs over base: a proposal, which is not stored."},"contested":{"type":"array","items":{"type":"string"},"description":"Where in merged a person has to decide: it has one side's there."},"overwritten":{"type":"array","items":{"type":"string"},"description":"Where in merged a rule of the kind decided against one side's change."}}}]}"##,
    ),
];
