//! What a way back loses: what its comments say, and what the statements of one that somebody wrote or changed plainly do.
//!
//! What functions and `DO` blocks do is not looked for.

use super::file::is_ours;
use plan::reverse::Said;
use sql::{AlterAction, ObjectKind, QueryKind, Stmt};

/// What running a file loses, a line each.
pub(super) fn lost(text: &str) -> Vec<String> {
    let said = Said::of(text).lost;
    // The comments of a text of our own say all of it.
    if is_ours(&text.replace("\r\n", "\n")) {
        return said;
    }
    let parsed = sql::parse(text, 0);
    let plain = parsed.statements.iter().flat_map(|statement| plain(&statement.stmt));
    let mut lost = said.clone();
    for (name, what) in plain {
        if !said.iter().any(|said| said.contains(&name)) && !lost.contains(&what) {
            lost.push(what);
        }
    }
    lost
}

/// What a statement drops or deletes: of which object, and in words.
fn plain(stmt: &Stmt) -> Vec<(String, String)> {
    let rows = |name: &sql::Name| (name.name.clone(), format!("the rows of {name}"));
    match stmt {
        Stmt::Drop(drop) => match drop.kind {
            ObjectKind::Table => drop.objects.iter().map(|one| rows(&one.name)).collect(),
            ObjectKind::Schema => {
                let whole = |name: &sql::Name| (name.name.clone(), format!("what is in schema {name}"));
                drop.objects.iter().map(|one| whole(&one.name)).collect()
            }
            _ => Vec::new(),
        },
        Stmt::AlterTable(alter) => {
            let column = |action: &AlterAction| match action {
                AlterAction::DropColumn { column, .. } => Some((
                    format!("{}.{}", alter.name.name, column.text),
                    format!("the values of {}.{}", alter.name, column.text),
                )),
                _ => None,
            };
            alter.commands.iter().filter_map(|command| column(&command.action)).collect()
        }
        Stmt::Truncate(truncate) => truncate.tables.iter().map(rows).collect(),
        Stmt::Query(query) if query.kind == QueryKind::Delete => {
            let rows = |name: &sql::Name| (name.name.clone(), format!("rows of {name}"));
            query.target.iter().map(|target| rows(&target.name)).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::file::signed;
    use super::lost;

    #[test]
    fn what_is_plainly_lost_is_told() {
        let text = "DROP TABLE a, s.b;\nALTER TABLE c ADD x int, DROP COLUMN y;\nTRUNCATE d;\n\
                    DELETE FROM e WHERE id = 1;\nDROP SCHEMA f;\nDROP INDEX g;\nUPDATE h SET i = 1;";
        assert_eq!(
            lost(text),
            [
                "the rows of a",
                "the rows of s.b",
                "the values of c.y",
                "the rows of d",
                "rows of e",
                "what is in schema f"
            ]
        );
        assert_eq!(lost("-- lost: the rows of a, who cares\nDROP TABLE a;"), ["the rows of a, who cares"]);
        assert_eq!(lost(&signed("-- first\nALTER TABLE c DROP COLUMN generated;\n")), Vec::<String>::new());
    }
}
