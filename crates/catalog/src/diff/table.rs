//! Tables and what belongs to them as entries.

use super::describe::{Entry, Facet, expression, plain, type_facet};
use super::literal::relation_name;
use super::{Kind, normal};
use crate::{
    Catalog, ColumnId, Constraint, ConstraintKind, Identity, Index, Relation, RelationId, RelationKind,
};
use sql::{Persistence, Shape};

pub(super) fn table(catalog: &Catalog, relation: &Relation, entries: &mut Vec<Entry>) {
    let kind = match relation.kind {
        _ if relation.partition => Kind::Partition,
        RelationKind::Foreign => Kind::ForeignTable,
        _ => Kind::Table,
    };
    let mut parents: Vec<String> =
        relation.parents.iter().filter_map(|id| catalog.relation(*id)).map(|r| r.name.to_string()).collect();
    parents.sort();
    let entry = Entry::new(kind, &relation.name)
        .flag("row level security", relation.row_security.enabled)
        .flag("forced row level security", relation.row_security.forced)
        .flag("unlogged", relation.persistence == Persistence::Unlogged)
        .with("partitioned by", partitioned_by(relation))
        .with(if relation.partition { "partition of" } else { "inherits" }, or_none(&parents.join(", ")))
        .with("bound", bound(relation));
    entries.push(entry);
    entries.extend(relation.columns.iter().map(|column| self::column(catalog, relation, column)));
    for constraint in &relation.constraints {
        entries.push(self::constraint(catalog, relation, constraint));
    }
    indexes(catalog, relation, entries);
    triggers(catalog, relation, entries);
    for policy in &relation.policies {
        let mut roles = policy.roles.clone();
        if roles.is_empty() {
            roles.push("public".to_owned());
        }
        roles.sort();
        // Who that was when the policy was made, nobody here knows.
        let whoever =
            |role: &String| matches!(role.as_str(), "current_user" | "current_role" | "session_user");
        let mut to = plain("roles", roles.join(", "));
        to.opaque = roles.iter().any(whoever);
        let over = |expr| (Some(relation.id), expr);
        let mut entry = Entry::part(Kind::Policy, relation, &policy.name);
        entry.facets.push(to);
        entries.push(
            entry
                .with("command", policy.command.to_ascii_lowercase())
                .flag("permissive", policy.permissive)
                .with_expr(catalog, "using", over(policy.using.as_deref()))
                .with_expr(catalog, "with check", over(policy.with_check.as_deref()))
                .saying(&policy.command),
        );
    }
    entries.extend(relation.rules.iter().map(|rule| Entry::part(Kind::Rule, relation, rule)));
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

fn partitioned_by(relation: &Relation) -> String {
    match &relation.partition_strategy {
        Some(strategy) => format!("{strategy} ({})", relation.partition_key.join(", ")),
        None => "none".to_owned(),
    }
}

/// The bound with its blanks, quotes and casts in one form: `FOR VALUES FROM ('1') TO (10)`.
fn bound(relation: &Relation) -> String {
    let Some(bound) = &relation.partition_bound else { return "none".to_owned() };
    let lower = bound.to_ascii_lowercase().replace(['\'', '\n', '\t', ' '], "");
    // A date of a timestamp key comes back with its midnight.
    lower.replace("00:00:00+00", "").replace("00:00:00", "")
}

fn column(catalog: &Catalog, relation: &Relation, column: &crate::Column) -> Entry {
    let mut entry = Entry::part(Kind::Column, relation, &column.name);
    let ty = type_facet(catalog, "type", &column.ty);
    let identity = match column.identity {
        Some(Identity::Always) => "always",
        Some(Identity::ByDefault) => "by default",
        None => "none",
    };
    entry.text = format!("{}{}", ty.text, if column.not_null { " NOT NULL" } else { "" });
    entry.facets.push(ty);
    let default = column.default.as_deref().filter(|default| default.shape != Shape::Null);
    let over = Some(relation.id);
    entry = entry.flag("not null", column.not_null);
    entry = match default {
        Some(default) if is_own_sequence(catalog, relation, column, default) => {
            entry.with("default", "nextval of its own sequence")
        }
        default => entry.with_expr(catalog, "default", (over, default)),
    };
    entry = entry.with("identity", identity);
    let generated = column.generated.as_ref();
    entry = entry.with_expr(catalog, "generated", (over, generated.map(|generated| &*generated.expr)));
    if let Some(generated) = generated {
        entry = entry.flag("stored", generated.stored);
    }
    let collation = column.collation.as_deref().unwrap_or("default");
    let collation = collation.rsplit('.').next().unwrap_or(collation);
    entry.with("collation", collation)
}

/// `nextval` of the sequence that the column owns, whatever that is called: a serial column.
fn is_own_sequence(catalog: &Catalog, table: &Relation, column: &crate::Column, default: &sql::Expr) -> bool {
    let [call] = default.uses.functions.as_slice() else { return false };
    let argument = call.strings.first().cloned().flatten();
    let (Shape::Call(name), Some(argument)) = (&default.shape, argument) else { return false };
    let owned = |sequence: &Relation| {
        sequence.owned_by == Some((table.id, column.id))
            && sequence.name.to_string() == relation_name(catalog, &argument)
    };
    name == "nextval" && catalog.relations().any(|relation| owned(relation))
}

fn names(relation: &Relation, ids: &[ColumnId]) -> String {
    relation.column_names(ids).join(", ")
}

fn constraint(catalog: &Catalog, relation: &Relation, constraint: &Constraint) -> Entry {
    let columns = names(relation, &constraint.columns);
    let part = |kind| Entry::part(kind, relation, &constraint.name);
    let index = constraint.index().and_then(|id| catalog.index(id));
    let nulls = index.is_some_and(|index| index.nulls_not_distinct);
    let entry = match &constraint.kind {
        ConstraintKind::PrimaryKey(_) => {
            let text = format!("PRIMARY KEY ({columns})");
            Entry { meaning: Some(text.clone()), ..part(Kind::PrimaryKey) }
                .with("columns", &columns)
                .saying(text)
        }
        ConstraintKind::Unique(_) => {
            let text = format!("UNIQUE ({columns})");
            let entry = Entry { meaning: Some(text.clone()), ..part(Kind::Unique) };
            entry.with("columns", &columns).flag("nulls not distinct", nulls).saying(text)
        }
        ConstraintKind::Exclude(_) => {
            let method = index.map_or("", |index| index.method.as_str());
            let text = format!("EXCLUDE USING {method} ({columns})");
            let entry = Entry { meaning: Some(text.clone()), ..part(Kind::Exclusion) };
            entry.with("columns", &columns).with("method", method).saying(text)
        }
        ConstraintKind::NotNull => {
            let text = format!("NOT NULL {columns}");
            Entry { meaning: Some(text.clone()), ..part(Kind::NotNull) }
                .with("columns", &columns)
                .saying(text)
        }
        ConstraintKind::Check { expr, no_inherit } => {
            let form = normal(catalog, Some(relation.id), expr);
            let mut entry = part(Kind::Check);
            (entry.meaning, entry.loose) = (Some(form.strict.clone()), Some(form.loose));
            entry = entry.with_expr(catalog, "condition", (Some(relation.id), Some(expr)));
            entry.flag("no inherit", *no_inherit).saying(format!("CHECK ({})", expr.text))
        }
        ConstraintKind::ForeignKey { target, target_name, target_columns, on_delete, on_update } => {
            let found = target.and_then(|target| catalog.relation(target));
            let target = found.map_or(target_name, |found| &found.name);
            let there = found.map(|found| names(found, target_columns)).unwrap_or_default();
            let text = format!("FOREIGN KEY ({columns}) REFERENCES {target} ({there})");
            Entry { meaning: Some(text.clone()), ..part(Kind::ForeignKey) }
                .with("columns", &columns)
                .with("references", format!("{target} ({there})"))
                .with("on delete", on_delete)
                .with("on update", on_update)
                .saying(text)
        }
    };
    entry.flag("validated", constraint.validated).flag("deferrable", constraint.deferrable)
}

pub(super) fn indexes(catalog: &Catalog, relation: &Relation, entries: &mut Vec<Entry>) {
    let own = relation.indexes.iter().filter_map(|id| catalog.index(*id));
    entries.extend(own.filter(|index| !index.constraint).map(|index| self::index(catalog, relation, index)));
}

fn index(catalog: &Catalog, relation: &Relation, index: &Index) -> Entry {
    let keys = keys(catalog, relation, index);
    let filter = expression(catalog, "predicate", (Some(relation.id), index.filter.as_deref()));
    let include = or_none(&names(relation, &index.include)).to_owned();
    let unique = if index.unique { "UNIQUE " } else { "" };
    let mut entry = Entry::part(Kind::Index, relation, &index.name.name);
    entry.meaning = Some(format!("{unique}{} ({}) {include} {}", index.method, keys.strict, filter.strict));
    entry.text = format!("{unique}{} ({})", index.method, keys.text);
    entry.facets.extend([keys, filter, plain("include", include)]);
    entry
        .flag("unique", index.unique)
        .with("method", &index.method)
        .flag("nulls not distinct", index.nulls_not_distinct)
        .flag("valid", index.valid)
}

/// The keys with their order; an operator class or collation that goes without saying is left out, as
/// the server does.
fn keys(catalog: &Catalog, relation: &Relation, index: &Index) -> Facet {
    let mut terms = index.terms.iter();
    let mut joined = Facet {
        what: "keys",
        text: String::new(),
        strict: String::new(),
        loose: String::new(),
        opaque: false,
    };
    for (place, key) in index.keys.iter().enumerate() {
        let of = |id: RelationId, expr| expression(catalog, "keys", (Some(id), expr));
        let key = match key.and_then(|id| relation.column_by_id(id)) {
            Some(column) => plain("keys", &column.name),
            None => of(relation.id, terms.next().map(|term| &**term)),
        };
        let order = index.orders.get(place).cloned().unwrap_or_default();
        let mut suffix = String::new();
        // That of the column goes without saying.
        let column = index.keys.get(place).copied().flatten().and_then(|id| relation.column_by_id(id));
        let own = column.and_then(|column| column.collation.as_deref()).unwrap_or("default");
        let own = own.rsplit('.').next();
        if let Some(collation) = order.collation.as_deref().filter(|collation| Some(*collation) != own) {
            suffix.push_str(&format!(" COLLATE {collation}"));
        }
        let class = order.operator_class.as_deref().map(|name| (name, class(name, &index.method)));
        let shown = match class {
            Some((name, Class::Special | Class::Unknown)) => format!(" {name}"),
            _ => String::new(),
        };
        let order = match (order.descending, order.nulls_first) {
            (false, false) => "",
            (false, true) => " NULLS FIRST",
            (true, true) => " DESC",
            (true, false) => " DESC NULLS LAST",
        };
        let separator = if place == 0 { "" } else { ", " };
        // Whether the server leaves out an unknown class cannot be told.
        let loose = if matches!(class, Some((_, Class::Special))) { shown.as_str() } else { "" };
        for (to, from, class) in [
            (&mut joined.text, &key.text, shown.as_str()),
            (&mut joined.strict, &key.strict, shown.as_str()),
            (&mut joined.loose, &key.loose, loose),
        ] {
            to.push_str(&format!("{separator}{from}{suffix}{class}{order}"));
        }
        joined.opaque |= key.opaque;
    }
    joined
}

/// What is known of an operator class.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    /// The default of its type, which the server leaves out.
    Default,
    /// No default.
    Special,
    /// One of an extension, or one that nobody here knows.
    Unknown,
}

/// From `pg_opclass.opcdefault`; a name stands for one type, and for all methods alike, but for those
/// of networks. That `varchar_ops` is no default by the letter makes no difference.
fn class(name: &str, method: &str) -> Class {
    const DEFAULTS: &[&str] = &[
        "array",
        "bit",
        "bool",
        "box",
        "bpchar",
        "bytea",
        "char",
        "cidr",
        "circle",
        "date",
        "enum",
        "float4",
        "float8",
        "int2",
        "int4",
        "int8",
        "interval",
        "jsonb",
        "macaddr",
        "macaddr8",
        "money",
        "multirange",
        "name",
        "numeric",
        "oid",
        "pg_lsn",
        "point",
        "poly",
        "quad_point",
        "range",
        "record",
        "text",
        "time",
        "timestamp",
        "timestamptz",
        "timetz",
        "tsquery",
        "tsvector",
        "uuid",
        "varbit",
        "varchar",
    ];
    const SPECIAL: &[&str] =
        &["text_pattern_ops", "varchar_pattern_ops", "bpchar_pattern_ops", "jsonb_path_ops", "kd_point_ops"];
    let base = name.strip_suffix("_ops").unwrap_or_default();
    let base = if method == "brin" { base.strip_suffix("_minmax").unwrap_or(base) } else { base };
    match base {
        "inet" if method == "gist" => Class::Special,
        "inet" => Class::Default,
        base if DEFAULTS.contains(&base) => Class::Default,
        _ if SPECIAL.contains(&name) => Class::Special,
        _ => Class::Unknown,
    }
}

pub(super) fn triggers(catalog: &Catalog, relation: &Relation, entries: &mut Vec<Entry>) {
    for trigger in &relation.triggers {
        let mut events = trigger.events.clone();
        events.sort_unstable();
        let mut columns = relation.column_names(&trigger.columns);
        columns.sort();
        columns.dedup();
        let condition = (Some(relation.id), trigger.condition.as_deref());
        let text = format!("{} {}", events.join(" or "), trigger.function);
        entries.push(
            Entry::part(Kind::Trigger, relation, &trigger.name)
                .with("function", &trigger.function)
                .with("events", events.join(", "))
                .with("columns", or_none(&columns.join(", ")))
                .flag("before", trigger.before)
                .with_expr(catalog, "condition", condition)
                .flag("enabled", trigger.enabled)
                .saying(text),
        );
    }
}
