//! Where a name stands in a statement, and the few words of a statement that no fact repeats.
//!
//! The one module that looks at statements: rules get spans from here and ask facts for the rest.

use facts::Step;
use source::Span;
use sql::{AlterAction, Stmt, Token, TokenKind};

/// The place of a relation's name: its first mention.
pub(crate) fn of_name(step: &Step, name: &str) -> Option<Span> {
    let (_, last) = name.split_once('.').unwrap_or(("", name));
    idents(step, last).into_iter().next()
}

/// The place of a column, constraint or value: where a command of the statement is about it, or
/// else its last mention.
pub(crate) fn of_part(step: &Step, part: &str) -> Option<Span> {
    of_command(step, part).or_else(|| idents(step, part).pop()).or_else(|| of_string(step, part))
}

/// The place of a string with this value.
fn of_string(step: &Step, value: &str) -> Option<Span> {
    let text = step.span.of(&step.file.text);
    let quoted = format!("'{}'", value.replace('\'', "''"));
    let found = sql::tokens(text).into_iter().find(|token| token.text(text) == quoted)?;
    Some(found.span.shifted(step.span.start))
}

fn of_command(step: &Step, part: &str) -> Option<Span> {
    let Stmt::AlterTable(alter) = &step.statement.as_ref()?.stmt else { return None };
    let name = |action: &AlterAction| match action {
        AlterAction::AddColumn { column, .. } => Some(column.name.clone()),
        AlterAction::DropColumn { column, .. }
        | AlterAction::SetType { column, .. }
        | AlterAction::SetDefault { column, .. }
        | AlterAction::DropDefault { column }
        | AlterAction::SetNotNull { column }
        | AlterAction::DropNotNull { column }
        | AlterAction::SetExpression { column, .. }
        | AlterAction::AddIdentity { column, .. }
        | AlterAction::SetIdentity { column, .. } => Some(column.clone()),
        AlterAction::AddConstraint(constraint) => constraint.name.clone(),
        AlterAction::DropConstraint { name, .. } | AlterAction::ValidateConstraint { name } => {
            Some(name.clone())
        }
        _ => None,
    };
    let names = alter.commands.iter().filter_map(|command| name(&command.action));
    names.filter(|name| name.text == part && !name.span.is_empty()).map(|name| name.span).next()
}

/// Mentions of an identifier, those inside a quoted body included.
fn idents(step: &Step, name: &str) -> Vec<Span> {
    let text = step.span.of(&step.file.text);
    let mut found = Vec::new();
    collect(text, step.span.start, name, 0, &mut found);
    found
}

fn collect(text: &str, offset: u32, name: &str, depth: u8, found: &mut Vec<Span>) {
    for token in sql::tokens(text) {
        if token.ident(text).as_deref() == Some(name) {
            found.push(token.span.shifted(offset));
        } else if token.kind == TokenKind::DollarString && depth < 3 {
            let written = token.text(text);
            let tag = written.get(1..).and_then(|rest| rest.find('$')).map_or(0, |at| at + 2);
            if let Some(inner) = written.get(tag..written.len().saturating_sub(tag)) {
                collect(inner, offset + token.span.start + tag as u32, name, depth + 1, found);
            }
        }
    }
}

/// The columns that an UPDATE of this statement sets.
pub(crate) fn columns_set(step: &Step) -> Vec<&str> {
    match step.statement.as_deref().map(|statement| &statement.stmt) {
        Some(Stmt::Query(query)) => query.sets.iter().map(|(column, _)| column.text.as_str()).collect(),
        _ => Vec::new(),
    }
}

/// What an UPDATE or DELETE of one table says.
pub(crate) struct DataChange<'a> {
    /// Its WHERE.
    pub filter: Option<&'a str>,
    /// Its assignments.
    pub sets: Vec<(&'a str, &'a str)>,
}

/// The parts of an UPDATE or DELETE; `None` where they can't be said again over that table alone.
pub(crate) fn data_change(step: &Step) -> Option<DataChange<'_>> {
    let Stmt::Query(query) = &step.statement.as_deref()?.stmt else { return None };
    let target = query.target.as_ref()?;
    if !query.reads.is_empty() || !query.uses.queries.is_empty() || target.alias.is_some() {
        return None;
    }
    let given = query.sets.iter().all(|(_, value)| value.is_some());
    let sets = query
        .sets
        .iter()
        .filter_map(|(column, value)| Some((column.text.as_str(), value.as_ref()?.text.as_str())));
    Some(DataChange {
        filter: query.filter.as_ref().map(|filter| filter.text.as_str()),
        sets: if given { sets.collect() } else { Vec::new() },
    })
}

/// Whether the statement is `LOCK TABLE`, which takes a lock and does nothing else.
pub(crate) fn is_lock_table(step: &Step) -> bool {
    matches!(step.statement.as_deref().map(|statement| &statement.stmt), Some(Stmt::LockTable(_)))
}

/// Whether the statement drops, renames or moves a schema or this table (or its sequence) in it, or sets the
/// sequence: a table that no migration has made, so that no fact tells of it.
pub(crate) fn reshapes(step: &Step, schema: &str, table: &str) -> bool {
    use sql::ObjectKind::Schema;
    let sequence = format!("{table}_id_seq");
    let of_table = |name: &str| name == table || name == sequence;
    match step.statement.as_deref().map(|statement| &statement.stmt) {
        Some(Stmt::Drop(drop)) if drop.kind == Schema => {
            drop.objects.iter().any(|object| object.name.name == schema)
        }
        Some(Stmt::Drop(drop)) => drop.objects.iter().any(|object| of_table(&object.name.name)),
        Some(Stmt::Rename(rename)) if rename.kind == Schema => rename.name.name == schema,
        Some(Stmt::Rename(rename)) => of_table(&rename.name.name),
        Some(Stmt::SetSchema(set)) => of_table(&set.name.name),
        Some(Stmt::AlterSequence(alter)) => alter.name.name == sequence,
        Some(Stmt::Query(query)) => {
            let names = |call: &&sql::FunctionCall| {
                call.name.name == "setval"
                    && call
                        .strings
                        .first()
                        .and_then(Option::as_ref)
                        .is_some_and(|name| name.contains(&sequence))
            };
            query.uses.functions.iter().any(|call| names(&call))
        }
        _ => false,
    }
}

/// Whether the statement makes an index only if none of that name is there.
pub(crate) fn makes_index_if_not_exists(step: &Step) -> bool {
    matches!(
        step.statement.as_deref().map(|statement| &statement.stmt),
        Some(Stmt::CreateIndex(create)) if create.if_not_exists
    )
}

/// Whether the statement drops an index of this name, be it there or not.
pub(crate) fn drops_index(step: &Step, name: &str) -> bool {
    matches!(
        step.statement.as_deref().map(|statement| &statement.stmt),
        Some(Stmt::Drop(drop))
            if drop.kind == sql::ObjectKind::Index && drop.objects.iter().any(|object| object.name.name == name)
    )
}

/// The statement's text with CONCURRENTLY behind its word INDEX; `None` where it is not an index
/// statement itself.
pub(crate) fn concurrently(step: &Step) -> Option<String> {
    let text = step.span.of(&step.file.text);
    let tokens: Vec<Token> = sql::tokens(text);
    let first = tokens.iter().find(|token| token.kind != TokenKind::Comment)?;
    if !first.is_word(text, "create") && !first.is_word(text, "drop") && !first.is_word(text, "reindex") {
        return None;
    }
    let index = tokens.iter().find(|token| token.is_word(text, "index"))?;
    let end = index.span.end as usize;
    Some(format!("{} CONCURRENTLY{};", text.get(..end)?, text.get(end..)?.trim_end_matches([';', ' ', '\n'])))
}

/// The statement's text without IF NOT EXISTS.
pub(crate) fn without_if_not_exists(step: &Step) -> Option<String> {
    let text = step.span.of(&step.file.text);
    let tokens = sql::tokens(text);
    let at = tokens.windows(3).position(|three| {
        three[0].is_word(text, "if") && three[1].is_word(text, "not") && three[2].is_word(text, "exists")
    })?;
    let (start, end) = (tokens[at].span.start as usize, tokens[at + 2].span.end as usize);
    let rest = text.get(end..)?.trim_start().trim_end().trim_end_matches(';');
    Some(format!("{}{rest};", text.get(..start)?))
}
