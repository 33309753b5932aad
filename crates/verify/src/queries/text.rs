//! The SQL that drizzle-orm makes, to the letter: `pg-core/dialect.js` of 0.45 and 1.0.
//!
//! Whatever is a parameter there is a value here, which can be put in its place. Three things differ:
//! reads ask for one row, as `limit(1)` and `findFirst()` do; a key or a foreign key is that of some row,
//! since nothing of the rows is known; and where Drizzle uses names of TypeScript properties for
//! aliases, names of the database stand in for them, which no server minds.

use super::declared::Declared;
use super::{Line, With};

/// A value of a query.
#[derive(Clone, Debug)]
pub(crate) enum Bound {
    /// What a driver sends: a text whose type the server works out.
    Value(String),
    /// SQL that stands for a value which only the database knows.
    Sql(String),
}

/// The value that some row has in a column, or one of ours where there is none.
pub(crate) fn of_some_row(relation: &Declared, column: &str, or: Bound) -> Bound {
    let (column, table) = (quoted(column), table(relation));
    let or = match or {
        Bound::Value(text) => crate::fill::literal(&text),
        Bound::Sql(sql) => sql,
    };
    Bound::Sql(format!("coalesce((select {column} from {table} where {column} is not null limit 1), {or})"))
}

/// A query: Drizzle's text and the values of its parameters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    pub sent: String,
    values: Vec<Bound>,
}

impl Text {
    fn new(sent: String) -> Text {
        Text { sent, values: Vec::new() }
    }

    fn add(&mut self, sql: &str) {
        self.sent.push_str(sql);
    }

    fn bind(&mut self, bound: Bound) {
        self.values.push(bound);
        self.sent.push_str(&format!("${}", self.values.len()));
    }

    /// The text with values instead of parameters.
    pub fn with_values(&self) -> String {
        let mut sql = String::with_capacity(self.sent.len() + 64);
        let mut rest = self.sent.as_str();
        let mut quoted = false;
        while let Some(at) = rest.find(['$', '"']) {
            sql.push_str(&rest[..at]);
            let found = rest[at..].starts_with('"');
            rest = &rest[at + 1..];
            if found || quoted {
                quoted ^= found;
                sql.push(if found { '"' } else { '$' });
                continue;
            }
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            match rest[..digits].parse::<usize>().ok().and_then(|n| self.values.get(n.checked_sub(1)?)) {
                Some(Bound::Value(text)) => sql.push_str(&crate::fill::literal(text)),
                Some(Bound::Sql(text)) => sql.push_str(text),
                None => sql.push('$'),
            }
            rest = &rest[digits..];
        }
        sql.push_str(rest);
        sql
    }

    /// `.returning()`: all declared columns.
    pub fn returning(mut self, relation: &Declared) -> Text {
        self.add(&format!(" returning {}", list(relation)));
        self
    }

    /// `.onConflictDoUpdate({ target, set })`.
    pub fn on_conflict_update(
        mut self,
        target: &[String],
        filter: Option<&str>,
        set: &str,
        value: Bound,
    ) -> Text {
        self.add(&format!(" on conflict {} do update set {} = ", conflict(target, filter), quoted(set)));
        self.bind(value);
        self
    }

    /// `.onConflictDoNothing({ target, where })`.
    pub fn on_conflict_nothing(mut self, target: &[String], filter: Option<&str>) -> Text {
        self.add(&format!(" on conflict {} do nothing", conflict(target, filter)));
        self
    }
}

/// Drizzle puts names between quotes as they are.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// The name of a table; Drizzle leaves `public` out.
fn table(relation: &Declared) -> String {
    match relation.name.schema.as_str() {
        "public" => quoted(&relation.name.name),
        schema => format!("{}.{}", quoted(schema), quoted(&relation.name.name)),
    }
}

fn list(relation: &Declared) -> String {
    let names: Vec<String> = relation.columns.iter().map(|column| quoted(&column.name)).collect();
    names.join(", ")
}

fn conflict(target: &[String], filter: Option<&str>) -> String {
    let names: Vec<String> = target.iter().map(|name| quoted(name)).collect();
    let filter = filter.map_or(String::new(), |filter| format!(" where {filter}"));
    format!("({}){filter}", names.join(","))
}

/// `db.select().from(table).limit(1)`.
pub(crate) fn select(relation: &Declared) -> Text {
    let mut text = Text::new(format!("select {} from {} limit ", list(relation), table(relation)));
    text.bind(Bound::Value("1".to_owned()));
    text
}

/// `db.query.table.findFirst()`.
pub(crate) fn relational(relation: &Declared, line: Line) -> Text {
    let mut text = match line {
        Line::Stable => Text::new(format!(
            "select {} from {} {}",
            list(relation),
            table(relation),
            quoted(&relation.name.name)
        )),
        Line::V1 => {
            Text::new(format!("select {} from {} as \"d0\"", aliased(relation, "d0"), table(relation)))
        }
    };
    text.add(" limit ");
    text.bind(Bound::Value("1".to_owned()));
    text
}

fn aliased(relation: &Declared, alias: &str) -> String {
    let one = |name: &str| format!("\"{alias}\".{} as {}", quoted(name), quoted(name));
    let names: Vec<String> = relation.columns.iter().map(|column| one(&column.name)).collect();
    names.join(", ")
}

fn qualified(relation: &Declared, alias: &str) -> String {
    let one = |name: &str| format!("{}.{}", quoted(alias), quoted(name));
    let names: Vec<String> = relation.columns.iter().map(|column| one(&column.name)).collect();
    names.join(", ")
}

/// The name of the relation in `with`: that of the table, unless a column has it.
pub(crate) fn field(relation: &Declared, other: &Declared) -> String {
    let name = other.name.name.clone();
    match relation.columns.iter().any(|column| column.name == name) {
        true => format!("{name}_row"),
        false => name,
    }
}

/// `db.query.table.findFirst({ with: { other: true } })`.
pub(crate) fn relational_with(relation: &Declared, other: &Declared, with: &With, line: Line) -> Text {
    let field = field(relation, other);
    match line {
        Line::Stable => stable_with(relation, other, with, &field),
        Line::V1 => v1_with(relation, other, with, &field),
    }
}

fn stable_with(relation: &Declared, other: &Declared, with: &With, field: &str) -> Text {
    let root = &relation.name.name;
    let alias = format!("{root}_{field}");
    let pair = |(own, there): &(String, String)| {
        format!("{}.{} = {}.{}", quoted(&alias), quoted(there), quoted(root), quoted(own))
    };
    let pairs: Vec<String> = with.pairs.iter().map(pair).collect();
    let condition = match pairs.as_slice() {
        [one] => one.clone(),
        all => format!("({})", all.join(" and ")),
    };
    let row = format!("json_build_array({})", qualified(other, &alias));
    let mut text = Text::new(format!(
        "select {}, {}.\"data\" as {} from {} {} left join lateral (select ",
        qualified(relation, root),
        quoted(&alias),
        quoted(field),
        table(relation),
        quoted(root)
    ));
    match with.many {
        true => text.add(&format!(
            "coalesce(json_agg({row}), '[]'::json) as \"data\" from {} {} where {condition}",
            table(other),
            quoted(&alias)
        )),
        false => {
            let from = format!("{} {}", table(other), quoted(&alias));
            text.add(&format!("{row} as \"data\" from (select * from {from} where {condition} limit "));
            text.bind(Bound::Value("1".to_owned()));
            text.add(&format!(") {}", quoted(&alias)));
        }
    }
    text.add(&format!(") {} on true limit ", quoted(&alias)));
    text.bind(Bound::Value("1".to_owned()));
    text
}

fn v1_with(relation: &Declared, other: &Declared, with: &With, field: &str) -> Text {
    let pair = |(own, there): &(String, String)| format!("\"d0\".{} = \"d1\".{}", quoted(own), quoted(there));
    let pairs: Vec<String> = with.pairs.iter().map(pair).collect();
    let condition = match pairs.as_slice() {
        [one] => one.clone(),
        all => format!("({})", all.iter().map(|pair| format!("({pair})")).collect::<Vec<_>>().join(" and ")),
    };
    let rows = format!("select {} from {} as \"d1\" where {condition}", aliased(other, "d1"), table(other));
    let mut text = Text::new(format!(
        "select {}, {}.\"r\" as {} from {} as \"d0\" left join lateral(select ",
        aliased(relation, "d0"),
        quoted(field),
        quoted(field),
        table(relation)
    ));
    match with.many {
        true => {
            text.add(&format!("coalesce(json_agg(row_to_json(\"t\".*)), '[]') as \"r\" from ({rows}"));
        }
        false => {
            text.add(&format!("row_to_json(\"t\".*) \"r\" from ({rows} limit "));
            text.bind(Bound::Value("1".to_owned()));
        }
    }
    text.add(&format!(") as \"t\") as {} on true limit ", quoted(field)));
    text.bind(Bound::Value("1".to_owned()));
    text
}

/// `db.insert(table).values({ .. })`: every declared column, `default` for those without a value.
pub(crate) fn insert(relation: &Declared, values: &[(&str, Bound)], line: Line) -> Text {
    // Stable lists identity columns, generated ones are nobody's.
    let listed = relation.columns.iter().filter(|c| !c.generated && (line == Line::Stable || !c.always));
    let names: Vec<&str> = listed.map(|column| column.name.as_str()).collect();
    if names.is_empty() {
        return Text::new(format!("insert into {} default values", table(relation)));
    }
    let list: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    let mut text = Text::new(format!("insert into {} ({}) values (", table(relation), list.join(", ")));
    for (at, name) in names.iter().enumerate() {
        if at > 0 {
            text.add(", ");
        }
        match values.iter().find(|(given, _)| given == name) {
            Some((_, bound)) => text.bind(bound.clone()),
            None => text.add("default"),
        }
    }
    text.add(")");
    text
}

/// `db.update(table).set({ column }).where(key).returning()`.
pub(crate) fn update(relation: &Declared, column: &str, value: Bound, line: Line) -> Text {
    let mut text = Text::new(format!("update {} set {} = ", table(relation), quoted(column)));
    text.bind(value);
    by_key(&mut text, relation, line);
    text.returning(relation)
}

/// `db.delete(table).where(key)`.
pub(crate) fn delete(relation: &Declared, line: Line) -> Text {
    let mut text = Text::new(format!("delete from {}", table(relation)));
    by_key(&mut text, relation, line);
    text
}

/// `where(eq(table.id, ..))`, the value being that of some row.
fn by_key(text: &mut Text, relation: &Declared, line: Line) {
    let first = || relation.columns.first().map(|column| column.name.clone());
    let key: Vec<String> = match relation.primary_key.is_empty() {
        true => relation.targets.first().cloned().unwrap_or_else(|| first().into_iter().collect()),
        false => relation.primary_key.clone(),
    };
    let (open, close) = match (key.len(), line) {
        (1, _) => ("", ""),
        (_, Line::Stable) => ("(", ")"),
        (_, Line::V1) => ("((", "))"),
    };
    text.add(&format!(" where {open}"));
    for (at, column) in key.iter().enumerate() {
        if at > 0 {
            text.add(if line == Line::Stable { " and " } else { ") and (" });
        }
        text.add(&format!("{}.{} = ", table(relation), quoted(column)));
        text.bind(Bound::Sql(format!("(select {} from {} limit 1)", quoted(column), table(relation))));
    }
    text.add(close);
}
