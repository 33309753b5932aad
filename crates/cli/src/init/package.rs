//! The script in package.json. Only its line is added: order, indentation and line ends of the rest stay.

use super::around::Around;
use super::{Plan, Plans};
use crate::disk::Disk;
use crate::errors::Error;
use drizzle::join;
use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstRootNode};

/// Names for the script; the first that is free is taken.
const NAMES: [&str; 3] = ["db:check", "db:lint", "brolly"];
const SCRIPT: &str = "brolly lint";

/// Plans the script, and says how to install brolly where package.json does not name it.
pub fn script(disk: &Disk, around: &Around, plans: &mut Plans) -> Result<(), Error> {
    let Some(package) = &around.package else { return Ok(()) };
    let path = join(&package.dir, "package.json");
    let text = disk.text(&path).unwrap_or_default();
    let json = read(&text).map_err(|why| Error::BrokenPackage { path: path.clone(), why })?;
    let name = match script_name(&json.object) {
        Name::There(name) => {
            plans.there.push(format!("{path}: script \"{name}\""));
            Some(name)
        }
        Name::Free(name) => {
            let change = format!("script \"{name}\": \"{SCRIPT}\"");
            json.object.object_value_or_set("scripts").append(name, CstInputValue::from(SCRIPT));
            plans.write.push(Plan { path, text: json.root.to_string(), change: Some(change) });
            Some(name.to_owned())
        }
        Name::Taken => {
            let names = NAMES.join(", ");
            plans.next.push(format!("add a script to {path} that runs `{SCRIPT}`: {names} are taken"));
            None
        }
    };
    if !names_brolly(&json.object) {
        let dir = if package.dir == "." { String::new() } else { format!("cd {} && ", package.dir) };
        let manager = package.manager;
        let run = name.map_or(String::new(), |name| format!("   # `{} run {name}` needs it", manager.name()));
        plans.next.push(format!("{dir}{}{run}", manager.add()));
    }
    Ok(())
}

/// Whether the package.json of a folder depends on brolly.
pub fn depends(disk: &Disk, dir: &str) -> bool {
    let text = disk.text(&join(dir, "package.json")).unwrap_or_default();
    read(&text).is_ok_and(|json| names_brolly(&json.object))
}

struct Json {
    root: CstRootNode,
    object: CstObject,
}

fn read(text: &str) -> Result<Json, String> {
    // The library is lenient, npm is not.
    serde_json::from_str::<serde_json::Value>(text).map_err(|error| error.to_string())?;
    let root = CstRootNode::parse(text, &ParseOptions::default()).map_err(|error| error.to_string())?;
    let object = root.object_value().ok_or_else(|| "it is no JSON object".to_owned())?;
    Ok(Json { root, object })
}

/// A name for the script.
enum Name {
    /// A script runs `brolly lint` already.
    There(String),
    Free(&'static str),
    Taken,
}

fn script_name(package: &CstObject) -> Name {
    let scripts = package.object_value("scripts").map(|scripts| scripts.properties()).unwrap_or_default();
    let mut taken = Vec::new();
    for script in scripts {
        let Some(name) = script.decoded_name() else { continue };
        let command = script.value().and_then(|value| value.as_string_lit()?.decoded_value().ok());
        if command.is_some_and(|command| command.contains(SCRIPT)) {
            return Name::There(name);
        }
        taken.push(name);
    }
    let free = NAMES.into_iter().find(|name| !taken.iter().any(|taken| taken == name));
    free.map_or(Name::Taken, Name::Free)
}

fn names_brolly(package: &CstObject) -> bool {
    ["dependencies", "devDependencies", "optionalDependencies"]
        .into_iter()
        .filter_map(|kind| package.object_value(kind))
        .any(|dependencies| dependencies.get("brolly").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, expected: &str) {
        let json = read(before).expect("it is JSON");
        let Name::Free(name) = script_name(&json.object) else { panic!("there is room in {before}") };
        json.object.object_value_or_set("scripts").append(name, CstInputValue::from(SCRIPT));
        assert_eq!(json.root.to_string(), expected);
    }

    #[test]
    fn the_rest_stays_as_it_was() {
        check(
            "{\n  \"name\": \"app\",\n  \"scripts\": {\n    \"dev\": \"next\"\n  },\n  \"z\": 1, \"a\": [ 1,2 ]\n}\n",
            "{\n  \"name\": \"app\",\n  \"scripts\": {\n    \"dev\": \"next\",\n    \"db:check\": \"brolly lint\"\n  },\n  \"z\": 1, \"a\": [ 1,2 ]\n}\n",
        );
        check(
            "{\r\n\t\"scripts\": {\r\n\t\t\"dev\": \"x\"\r\n\t}\r\n}",
            "{\r\n\t\"scripts\": {\r\n\t\t\"dev\": \"x\",\r\n\t\t\"db:check\": \"brolly lint\"\r\n\t}\r\n}",
        );
        check(
            "{\n    \"name\": \"app\"\n}\n",
            "{\n    \"name\": \"app\",\n    \"scripts\": {\n        \"db:check\": \"brolly lint\"\n    }\n}\n",
        );
        check(
            "{\n  \"scripts\": {}\n}\n",
            "{\n  \"scripts\": {\n    \"db:check\": \"brolly lint\"\n  }\n}\n",
        );
        // What stands on one line gets one for each script, as npm itself would write it.
        check(
            "{\n  \"scripts\": { \"db:check\": \"x\" }\n}\n",
            "{\n  \"scripts\": {\n    \"db:check\": \"x\",\n    \"db:lint\": \"brolly lint\"\n  }\n}\n",
        );
    }

    #[test]
    fn a_script_that_lints_is_enough() {
        let json = read(r#"{"scripts": {"db": "drizzle-kit generate && brolly lint"}}"#).expect("JSON");
        assert!(matches!(script_name(&json.object), Name::There(name) if name == "db"));
        let json = read(r#"{"scripts": {"db:check": "", "db:lint": "", "brolly": ""}}"#).expect("JSON");
        assert!(matches!(script_name(&json.object), Name::Taken));
        assert!(read("{ // comment\n}").is_err());
    }
}
