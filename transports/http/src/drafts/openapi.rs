//! The description of the routes, as an OpenAPI 3.1 document made from their table.

use super::json::Members;
use super::routes::{Given, ROUTES, Route, Sends, Verb, When};
use super::schemas::{COMPONENTS, Shape};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The document as JSON.
pub(super) fn document() -> &'static [u8] {
    static DOCUMENT: LazyLock<Vec<u8>> = LazyLock::new(written);
    &DOCUMENT
}

fn written() -> Vec<u8> {
    let mut paths: BTreeMap<&str, Members> = BTreeMap::new();
    for route in ROUTES {
        let path = paths.remove(route.path).unwrap_or_else(|| Members::new().list("parameters", in_path(route.path)));
        paths.insert(route.path, path.raw(&route.method.name().to_lowercase(), &operation(route)));
    }
    let paths = paths.into_iter().fold(Members::new(), |all, (path, item)| all.raw(path, &item.finish()));
    let info = Members::new()
        .text("title", "draftkeep drafts")
        .text("version", env!("CARGO_PKG_VERSION"))
        .text("summary", "Drafts that a server keeps for thin clients")
        .text(
            "description",
            "Every write says which version it is about (`If-Match`), and is on disk when it is answered. A write about a version that is \
             not the newest any more is answered with 409 and both sides, and changes nothing.",
        );
    Members::new()
        .text("openapi", "3.1.0")
        .raw("info", &info.finish())
        .list("servers", [Members::new().text("url", ".").finish()])
        .list("security", [Members::new().raw("owner", b"[]").finish()])
        .raw("paths", &paths.finish())
        .raw("components", &components())
        .finish()
}

fn components() -> Vec<u8> {
    let schemas = COMPONENTS.iter().fold(Members::new(), |all, (name, schema)| all.raw(name, schema.as_bytes()));
    let problem = |name: &str| {
        let schema = Members::new().text("$ref", &format!("#/components/schemas/{name}")).finish();
        let media = Members::new().raw("schema", &schema).finish();
        Members::new()
            .text(
                "description",
                if name == "MovedOn" { "It conflicts with what is there." } else { "Why not, and the way out." },
            )
            .raw("content", &Members::new().raw("application/problem+json", &media).finish())
            .finish()
    };
    let responses = ["Problem", "MovedOn"].iter().fold(Members::new(), |all, name| all.raw(name, &problem(name)));
    let owner = Members::new()
        .text("type", "http")
        .text("scheme", "bearer")
        .text("description", "How an owner is known is the application's business; a bearer token is the usual way.");
    Members::new()
        .raw("schemas", &schemas.finish())
        .raw("responses", &responses.finish())
        .raw("links", &links().finish())
        .raw("securitySchemes", &Members::new().raw("owner", &owner.finish()).finish())
        .finish()
}

/// What can be done next with a draft that was answered: each operation about one, with its parameters out of that answer.
fn links() -> Members {
    let about_one = ROUTES.iter().filter(|route| route.path.contains('{'));
    about_one.fold(Members::new(), |all, route| {
        let parts =
            ["id", "kind", "slot", "version"].into_iter().filter(|part| route.path.contains(&format!("{{{part}}}")));
        let parameters = parts
            .fold(Members::new(), |all, part| all.text(&format!("path.{part}"), &format!("$response.body#/{part}")));
        let parameters = match route.condition {
            When::If | When::IfOrNone => parameters.text("header.If-Match", "$response.header.ETag"),
            When::Always | When::Unless => parameters,
        };
        let link = Members::new().text("operationId", route.name).raw("parameters", &parameters.finish());
        all.raw(route.name, &link.finish())
    })
}

/// The parameters of a path.
fn in_path(path: &str) -> Vec<Vec<u8>> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name: &str| {
        let schema = match name {
            "id" => r##"{"$ref":"#/components/schemas/Id"}"##,
            "version" => Shape::Number.json(),
            // Of these names a path is made; `.` and `..` are taken away from paths before they are sent.
            "slot" => r#"{"type":"string","minLength":1,"maxLength":256,"not":{"enum":[".",".."]}}"#,
            _ => r#"{"type":"string","minLength":1,"maxLength":64}"#,
        };
        let about = match name {
            "id" => "The draft.",
            "version" => "The number of a version.",
            "slot" => {
                "What the draft is about: 1 to 256 bytes. Not `.` or `..`, percent-encoded or not: clients take those away from addresses."
            }
            _ => "A kind that is served.",
        };
        parameter("path", name, about, true, schema)
    };
    names.map(parameter).collect()
}

fn parameter(place: &str, name: &str, about: &str, is_required: bool, schema: &str) -> Vec<u8> {
    Members::new()
        .text("name", name)
        .text("in", place)
        .text("description", about)
        .flag("required", is_required)
        .raw("schema", schema.as_bytes())
        .finish()
}

fn operation(route: &Route) -> Vec<u8> {
    const TAG: &str = r##"{"$ref":"#/components/schemas/Tag"}"##;
    let query = route.query.iter();
    let mut parameters: Vec<Vec<u8>> =
        query.map(|asked| parameter("query", asked.name, asked.about, false, asked.shape.json())).collect();
    let seen = "The ETag of what the client has seen. Without it 428.";
    match route.condition {
        When::Always => {}
        When::Unless => {
            let about = "The ETag of what the client has: 304 where it is still that.";
            parameters.push(parameter("header", "If-None-Match", about, false, TAG));
        }
        When::If => parameters.push(parameter("header", "If-Match", seen, true, TAG)),
        When::IfOrNone => {
            parameters.push(parameter("header", "If-Match", seen, false, TAG));
            let about = "`*` begins a draft where there is none, and is answered with 412 where there is one.";
            parameters.push(parameter("header", "If-None-Match", about, false, r#"{"const":"*"}"#));
        }
    }
    let operation =
        Members::new().text("operationId", route.name).text("summary", route.summary).list("parameters", parameters);
    let operation = match body(route.sends) {
        Some(body) => operation.raw("requestBody", &body),
        None => operation,
    };
    operation.raw("responses", &responses(route)).finish()
}

fn body(sends: Sends) -> Option<Vec<u8>> {
    let schema = match sends {
        Sends::Nothing => return None,
        Sends::Document | Sends::Patch => "Document",
        Sends::Promotion => "Promotion",
        Sends::Restoring => "Restoring",
        Sends::Settling => "Settling",
    };
    let content = sends.media().iter().fold(Members::new(), |all, media| {
        let schema = match (sends, media.name()) {
            (Sends::Patch, "application/merge-patch+json") => "MergePatch",
            (Sends::Patch, _) => "JsonPatch",
            _ => schema,
        };
        let schema = Members::new().text("$ref", &format!("#/components/schemas/{schema}")).finish();
        all.raw(media.name(), &Members::new().raw("schema", &schema).finish())
    });
    Some(Members::new().flag("required", true).raw("content", &content.finish()).finish())
}

/// What an operation answers; refusals that every one of them can give are here once.
fn responses(route: &Route) -> Vec<u8> {
    let mut statuses: Vec<u16> = vec![400, 401, 403, 500, 503];
    if route.path.contains('{') {
        statuses.push(404);
    }
    if route.method != Verb::Get {
        statuses.push(507);
    }
    if route.sends != Sends::Nothing {
        statuses.extend([408, 413, 415, 422]);
    }
    if matches!(route.condition, When::If | When::IfOrNone) {
        statuses.push(428);
    }
    statuses.extend(route.refuses);
    statuses.sort_unstable();
    let given =
        route.gives.iter().fold(Members::new(), |all, given| all.raw(&given.status.to_string(), &response(given)));
    let refused = |all: Members, status: &u16| {
        let name = if *status == 409 { "MovedOn" } else { "Problem" };
        let schema = Members::new().text("$ref", &format!("#/components/responses/{name}")).finish();
        all.raw(&status.to_string(), &schema)
    };
    statuses.iter().fold(given, refused).finish()
}

fn response(given: &Given) -> Vec<u8> {
    let mut response = Members::new().text("description", given.about);
    let header =
        |about: &str, schema: &str| Members::new().text("description", about).raw("schema", schema.as_bytes()).finish();
    let mut headers = Members::new();
    if given.has_tag {
        headers = headers.raw("ETag", &header("What to send as If-Match.", r##"{"$ref":"#/components/schemas/Tag"}"##));
    }
    if given.status == 201 {
        headers = headers.raw("Location", &header("Where the draft is by its id.", r#"{"type":"string"}"#));
    }
    if given.has_tag {
        response = response.raw("headers", &headers.finish());
    }
    if matches!(given.shape, Some(Shape::Draft | Shape::DraftInfo)) {
        let about_one = ROUTES.iter().filter(|route| route.path.contains('{'));
        let links = about_one.fold(Members::new(), |all, route| {
            let link = Members::new().text("$ref", &format!("#/components/links/{}", route.name));
            all.raw(route.name, &link.finish())
        });
        response = response.raw("links", &links.finish());
    }
    if let Some(shape) = given.shape {
        let media = Members::new().raw("schema", shape.json().as_bytes()).finish();
        response = response.raw("content", &Members::new().raw("application/json", &media).finish());
    }
    response.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use draftkeep::Value;

    #[test]
    fn the_document_is_json_and_every_operation_has_a_name_of_its_own() -> Result<(), Box<dyn std::error::Error>> {
        Value::parse(document())?;
        let names: std::collections::BTreeSet<&str> = ROUTES.iter().map(|route| route.name).collect();
        assert_eq!(names.len(), ROUTES.len());
        Ok(())
    }
}
