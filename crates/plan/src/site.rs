//! What a recipe sees: one statement of a judged set with its findings, and shorthands for questions.

use crate::model::{Backfill, Gate, Part, Stage};
use catalog::written::{column_list, quoted, sql_name};
use catalog::{Catalog, ColumnId, QName, Relation, RelationId, RelationKind};
use drizzle::Project;
use facts::{Analysis, BreakCause, Facts, JudgedSet, Step};
use source::Diagnostic;
use sql::{Stmt, TokenKind};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// One statement.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    /// All facts.
    pub analysis: &'a Analysis,
    /// The project that they are about.
    pub project: &'a Project,
    /// Index into [`Analysis::steps`].
    pub at: usize,
    /// The statement.
    pub step: &'a Step,
    /// What was found about it.
    pub findings: &'a [&'a Diagnostic],
    /// What recipes made of the statements before it.
    pub parts: &'a [Part],
    /// Values for rows that have none, by column.
    pub values: &'a [(String, String)],
    /// The columns that a value was asked for.
    pub asked: &'a RefCell<BTreeSet<(QName, String)>>,
    /// Whether dropped tables are put aside first.
    pub keep_dropped: bool,
}

impl<'a> Site<'a> {
    /// Its set.
    pub fn judged(&self) -> &'a JudgedSet {
        &self.analysis.sets[self.step.set]
    }

    /// What it does.
    pub fn facts(&self) -> &'a Facts {
        &self.step.facts
    }

    /// The statement, where the grammar knows it.
    pub fn stmt(&self) -> Option<&'a Stmt> {
        self.step.statement.as_deref().map(|statement| &statement.stmt)
    }

    /// Its text, without the semicolon.
    pub fn text(&self) -> &'a str {
        let step = self.step;
        step.span.of(&step.file.text)
    }

    /// Its text, with the comments above it that allow what is found about it.
    pub fn text_as_allowed(&self) -> String {
        let step = self.step;
        let above = step.file.text.get(..step.span.start as usize).unwrap_or_default();
        let comments = above.lines().rev().map(str::trim).take_while(|line| {
            line.is_empty() || (line.starts_with("--") && !line.starts_with(drizzle::BREAKPOINT))
        });
        let mut lines: Vec<&str> = comments.filter(|line| line.starts_with("-- brolly-allow ")).collect();
        lines.reverse();
        lines.push(self.text());
        lines.join("\n")
    }

    /// Whether one of these rules found something.
    pub fn found(&self, rules: &[&str]) -> bool {
        self.findings.iter().any(|finding| rules.contains(&finding.rule))
    }

    /// Whether the deployed app fails, or may fail, in one of these ways.
    pub fn breaks(&self, causes: &[BreakCause]) -> bool {
        let facts = self.facts();
        facts.breaks_old_app.iter().chain(&facts.may_break_old_app).any(|one| causes.contains(&one.cause))
    }

    /// The schema that it meets.
    pub fn before(&self) -> &'a Catalog {
        &self.step.before
    }

    /// The schema that it leaves.
    pub fn after(&self) -> &'a Catalog {
        &self.step.after
    }

    /// A relation as the statement meets it, or makes it.
    pub fn relation(&self, id: RelationId) -> Option<&'a Relation> {
        self.before().relation(id).or_else(|| self.after().relation(id)).map(|relation| &**relation)
    }

    /// The name by which a relation goes where the deployed app looks: the one when the set began.
    pub fn label(&self, id: RelationId) -> String {
        self.analysis.label(self.step, id)
    }

    /// Whether a relation is a partitioned table.
    pub fn is_partitioned(&self, id: RelationId) -> bool {
        self.relation(id).is_some_and(|relation| relation.kind == RelationKind::Partitioned)
    }

    /// The tag of its migration.
    pub fn tag(&self) -> &'a str {
        &self.step.tag
    }

    /// The other statements of its set, in order, each with its index.
    pub fn others(&self) -> impl Iterator<Item = (usize, &'a Step)> + use<'a> {
        let (steps, at) = (self.judged().steps.clone(), self.at);
        let analysis = self.analysis;
        steps.filter(move |n| *n != at).map(move |n| (n, &analysis.steps[n]))
    }

    /// A part that stands for this statement alone.
    pub fn part(&self, recipe: &'static str, title: String, why: impl Into<String>) -> Part {
        Part {
            recipe,
            title,
            why: why.into(),
            statements: vec![self.at],
            here: Vec::new(),
            stages: Vec::new(),
            backfill: None,
            code_waits: false,
            advice: Vec::new(),
            still_nullable: None,
            followers: None,
            beside: Vec::new(),
        }
    }

    /// The value that somebody gave for rows that have none in a column.
    pub fn value(&self, table: &QName, column: &str) -> Option<&'a str> {
        self.asked.borrow_mut().insert((table.clone(), column.to_owned()));
        let given = self.values.iter().find(|(name, _)| is_name_of(name, table, column));
        given.map(|(_, value)| value.as_str())
    }

    /// Whether these columns of a table are all new in the set: none of its rows held anything there.
    pub fn all_new(&self, table: &Relation, columns: &[ColumnId]) -> bool {
        let start = self.judged().start.relation(table.id);
        let old = |id: &ColumnId| start.is_some_and(|start| start.column_by_id(*id).is_some());
        start.is_none() || (!columns.is_empty() && !columns.iter().any(old))
    }

    /// That no two rows are equal in these columns, as UNIQUE has it: rows with a NULL are equal to none.
    pub fn no_duplicates(
        &self,
        table: &Relation,
        columns: &[ColumnId],
        filter: Option<&str>,
    ) -> Option<Gate> {
        let columns_known = self.after().relation(table.id)?.column_names(columns);
        if columns.is_empty() || columns_known.len() != columns.len() || self.all_new(table, columns) {
            return None;
        }
        let (relation, list) = (sql_name(&table.name), column_list(&columns_known));
        let (first, within) = match filter.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")) {
            Some(filter) => (format!("({filter}) AND "), format!(" WHERE {filter}")),
            None => (String::new(), String::new()),
        };
        let condition = format!(
            "{first}({list}) IN (SELECT {list} FROM {relation}{within} GROUP BY {list} HAVING count(*) > 1)"
        );
        Some(Gate::NoRows { table: relation, condition })
    }

    /// The backfill that gives a column a value where it has none.
    pub fn fill(&self, table: &Relation, column: &str, value: &str) -> Backfill {
        let quoted = quoted(column);
        Backfill {
            name: format!("{}.{}_{column}", self.tag(), table.name.name),
            table: sql_name(&table.name),
            alias: None,
            key: key(table),
            set: format!("{quoted} = {value}"),
            from: None,
            condition: Some(format!("{quoted} IS NULL")),
            batch: 1000,
            after: Vec::new(),
        }
    }

    /// The backfills so far that may give a column of a table its values: those whose SET names it, and those that delete
    /// rows.
    pub fn backfills_about(&self, table: &str, column: &str) -> Vec<String> {
        let names = |token: &sql::Token, set: &str| match token.kind {
            TokenKind::Word => token.span.of(set).eq_ignore_ascii_case(column),
            TokenKind::Quoted => token.span.of(set) == format!("\"{}\"", column.replace('"', "\"\"")),
            _ => false,
        };
        let filled = self.parts.iter().filter_map(|part| part.backfill.as_ref());
        let about = |one: &&Backfill| {
            let set = one.set.as_str();
            one.table == table && (set.is_empty() || sql::tokens(set).iter().any(|token| names(token, set)))
        };
        filled.filter(about).map(|backfill| backfill.name.clone()).collect()
    }

    /// The backfills so far of a table.
    pub fn backfills_of(&self, table: &str) -> Vec<String> {
        let filled = self.parts.iter().filter_map(|part| part.backfill.as_ref());
        filled.filter(|backfill| backfill.table == table).map(|backfill| backfill.name.clone()).collect()
    }
}

impl Part {
    /// With this in the place of the statement.
    #[must_use]
    pub fn here(mut self, sql: impl Into<String>) -> Part {
        self.here.push(sql.into());
        self
    }

    /// With a further stage.
    #[must_use]
    pub fn then(mut self, stage: Stage) -> Part {
        self.stages.push(stage);
        self
    }

    /// With further stages.
    #[must_use]
    pub fn then_all(mut self, stages: impl IntoIterator<Item = Stage>) -> Part {
        self.stages.extend(stages);
        self
    }

    /// With something that people have to know.
    #[must_use]
    pub fn advice(mut self, text: impl Into<String>) -> Part {
        self.advice.push(text.into());
        self
    }
}

/// Whether a name that somebody wrote is that of a column: `users.name`, `public.users.name`, each part in quotes or
/// not, as it is spelled in the catalogue.
pub fn is_name_of(written: &str, table: &QName, column: &str) -> bool {
    let long = [table.schema.as_str(), table.name.as_str(), column];
    let parts = name_parts(written);
    // A name with a dot in it goes without quotes, too.
    let plain = |parts: &[&str]| parts.join(".") == written;
    let is = |known: &[&str]| parts.iter().map(String::as_str).eq(known.iter().copied()) || plain(known);
    is(&long) || (table.schema == "public" && is(&long[1..]))
}

/// The parts of a name between dots outside of quotes, without these.
pub fn name_parts(written: &str) -> Vec<String> {
    let (mut parts, mut quoted) = (vec![String::new()], false);
    let mut chars = written.trim().chars().peekable();
    while let Some(c) = chars.next() {
        let last = parts.len() - 1;
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => parts[last].extend(chars.next()),
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            c => parts[last].push(c),
        }
    }
    parts
}

/// What batches of a table go by: its primary key, or nothing.
pub fn key(table: &Relation) -> Vec<String> {
    table.primary_key().map(|key| table.column_names(&key.columns)).unwrap_or_default()
}

/// A relation's name for people: `public` goes without saying.
pub fn shown(name: &QName) -> String {
    match name.schema.as_str() {
        "public" => name.name.clone(),
        _ => name.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_name_of;
    use catalog::QName;

    #[test]
    fn columns_are_named_as_people_write_them() {
        let shop = QName::new("My Shop", "Order Items");
        for written in
            [r#""My Shop"."Order Items".qty"#, r#""My Shop"."Order Items"."qty""#, "My Shop.Order Items.qty"]
        {
            assert!(is_name_of(written, &shop, "qty"), "{written}");
        }
        assert!(!is_name_of("Order Items.qty", &shop, "qty"));
        let items = QName::new("public", "Order Items");
        for written in ["Order Items.qty", r#""Order Items".qty"#, r#"public."Order Items"."qty""#] {
            assert!(is_name_of(written, &items, "qty"), "{written}");
        }
        assert!(is_name_of(r#""a.b"."c""d""#, &QName::new("public", "a.b"), r#"c"d"#));
        assert!(is_name_of("a.b.c", &QName::new("public", "a.b"), "c"));
        assert!(!is_name_of("users.nam", &QName::new("public", "users"), "name"));
    }
}
