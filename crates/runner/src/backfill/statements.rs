//! The SQL of a backfill: where a batch ends, and what it changes.
//!
//! A batch is a range, so that the server reads each row once. Values of the key are written as literals without a
//! type: the server reads them as it reads the column, whatever its type is.

use super::shape::Shape;
use crate::ledger::literal;
use catalog::written::quoted;
use plan::Backfill;

/// Rows of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// From a value of the key on, to one before it or, at the end, to one with it.
    Key {
        /// The first.
        from: Vec<String>,
        /// The last, and whether it belongs to the batch.
        to: (Vec<String>, bool),
    },
    /// Pages of a part, from one to one before another.
    Pages {
        /// The first.
        from: u64,
        /// The one behind the last.
        to: u64,
    },
}

/// What is sent for a backfill.
pub(super) struct Statements<'a> {
    backfill: &'a Backfill,
    shape: &'a Shape,
}

impl<'a> Statements<'a> {
    pub(super) fn new(backfill: &'a Backfill, shape: &'a Shape) -> Statements<'a> {
        Statements { backfill, shape }
    }

    /// The first and the last key of the table.
    pub(super) fn ends(&self) -> [String; 2] {
        let order = |way: &str| {
            let columns: Vec<String> =
                self.columns().iter().map(|column| format!("{column} {way}")).collect();
            format!("SELECT {} FROM {} ORDER BY {} LIMIT 1", self.texts(), self.named(), columns.join(", "))
        };
        [order("ASC"), order("DESC")]
    }

    /// The key that so many rows lie before, counted from a key on.
    pub(super) fn boundary(&self, from: &[String], upper: &[String], rows: u64) -> String {
        let columns = self.columns();
        format!(
            "SELECT {} FROM {} WHERE {key} >= {} AND {key} <= {} ORDER BY {} OFFSET {rows} LIMIT 1",
            self.texts(),
            self.named(),
            row(&literals(from)),
            row(&literals(upper)),
            columns.join(", "),
            key = row(&columns),
        )
    }

    /// What changes the rows of a range.
    pub(super) fn change(&self, part: &str, range: &Range) -> String {
        let place = match range {
            Range::Key { .. } => self.named(),
            Range::Pages { .. } => format!("ONLY {part} AS {}", self.called()),
        };
        let Backfill { set, from, .. } = self.backfill;
        let head = match (set.is_empty(), from) {
            (true, None) => format!("DELETE FROM {place}"),
            (true, Some(from)) => format!("DELETE FROM {place} USING {from}"),
            (false, None) => format!("UPDATE {place} SET {set}"),
            (false, Some(from)) => format!("UPDATE {place} SET {set} FROM {from}"),
        };
        let condition =
            self.shape.condition.as_ref().map_or(String::new(), |condition| format!(" AND ({condition})"));
        format!("{head} WHERE {}{condition}", self.within(range))
    }

    /// Counts the rows of the table that are still to be done, where that can be told: by the condition, or of what goes
    /// by pages, and may have been moved behind those that are done, by what another UPDATE FROM would still change.
    pub(super) fn left(&self) -> Option<String> {
        let condition = self.shape.condition.as_ref();
        if let (Some(from), true) = (&self.backfill.from, self.backfill.key.is_empty()) {
            let differs =
                self.shape.differs.as_ref().map_or(String::new(), |differs| format!(" AND ({differs})"));
            let condition = condition.map_or("true", String::as_str);
            return Some(format!(
                "SELECT count(*) FROM {} WHERE EXISTS (SELECT FROM {from} WHERE ({condition}){differs})",
                self.named()
            ));
        }
        match condition.filter(|_| self.backfill.from.is_none()) {
            Some(condition) => Some(format!("SELECT count(*) FROM {} WHERE {condition}", self.named())),
            None if self.backfill.set.is_empty() && self.backfill.from.is_none() => {
                Some(format!("SELECT count(*) FROM {}", self.named()))
            }
            None => None,
        }
    }

    /// The rows of a range in words.
    pub(super) fn words(&self, part: &str, range: &Range) -> String {
        match range {
            Range::Key { from, to: (to, last) } => format!(
                "rows of {} with {} from {} to {}{}",
                self.backfill.table,
                self.backfill.key.join(", "),
                from.join(", "),
                if *last { "" } else { "before " },
                to.join(", "),
            ),
            Range::Pages { from, to } => {
                format!("rows of {part} on pages {from} to {}", to.saturating_sub(1))
            }
        }
    }

    fn within(&self, range: &Range) -> String {
        match range {
            Range::Key { from, to: (to, last) } => {
                let key = row(&self.columns());
                let sign = if *last { "<=" } else { "<" };
                format!("{key} >= {} AND {key} {sign} {}", row(&literals(from)), row(&literals(to)))
            }
            Range::Pages { from, to } if self.shape.ranges_of_pages => {
                let called = self.called();
                format!("{called}.ctid >= '({from},0)' AND {called}.ctid < '({to},0)'")
            }
            // Before 14 a range of places is a scan of the table; a list of them is not.
            Range::Pages { from, to } => format!(
                "{}.ctid = ANY (ARRAY(SELECT pg_catalog.format('(%s,%s)', brolly_page, brolly_row)::tid \
                 FROM pg_catalog.generate_series({from}, {}) AS brolly_page, \
                 pg_catalog.generate_series(1, {}) AS brolly_row))",
                self.called(),
                to.saturating_sub(1),
                self.shape.most_rows_a_page,
            ),
        }
    }

    /// The table with the name that it is called by.
    fn named(&self) -> String {
        match &self.backfill.alias {
            Some(alias) => format!("{} AS {alias}", self.backfill.table),
            None => self.backfill.table.clone(),
        }
    }

    fn called(&self) -> String {
        match &self.backfill.alias {
            Some(alias) => alias.clone(),
            None => quoted(&self.shape.name),
        }
    }

    fn columns(&self) -> Vec<String> {
        let called = self.backfill.alias.as_ref().unwrap_or(&self.backfill.table);
        self.backfill.key.iter().map(|column| format!("{called}.{}", quoted(column))).collect()
    }

    fn texts(&self) -> String {
        let texts: Vec<String> = self.columns().iter().map(|column| format!("{column}::text")).collect();
        texts.join(", ")
    }
}

/// Values as literals.
fn literals(values: &[String]) -> Vec<String> {
    values.iter().map(|value| literal_of(value)).collect()
}

/// A literal that means the same whatever `standard_conforming_strings` says.
fn literal_of(value: &str) -> String {
    match value.contains('\\') {
        true => format!("E{}", literal(&value.replace('\\', "\\\\"))),
        false => literal(value),
    }
}

/// Values as `(a, b)`; one by itself.
fn row(values: &[String]) -> String {
    match values {
        [one] => one.clone(),
        values => format!("({})", values.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backfill::shape::Part;

    fn backfill(key: &[&str]) -> Backfill {
        Backfill {
            name: "x".to_owned(),
            table: "\"t\"".to_owned(),
            alias: None,
            key: key.iter().map(|name| (*name).to_owned()).collect(),
            set: "\"c\" = 1".to_owned(),
            from: None,
            condition: Some("\"c\" IS NULL".to_owned()),
            batch: 10,
            after: Vec::new(),
        }
    }

    fn shape() -> Shape {
        Shape {
            name: "t".to_owned(),
            condition: Some("\"c\" IS NULL".to_owned()),
            differs: None,
            parts: vec![Part { oid: 1, name: "t".to_owned() }],
            total: 0,
            counts: false,
            density: 1.0,
            ranges_of_pages: true,
            most_rows_a_page: 291,
        }
    }

    #[test]
    fn ranges() {
        let (backfill, shape) = (backfill(&["a", "b"]), shape());
        let statements = Statements::new(&backfill, &shape);
        let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        let range = Range::Key { from: values(&["1", "o'x"]), to: (values(&["2", "\\"]), false) };
        assert_eq!(
            statements.change("t", &range),
            "UPDATE \"t\" SET \"c\" = 1 WHERE (\"t\".\"a\", \"t\".\"b\") >= ('1', 'o''x') AND \
             (\"t\".\"a\", \"t\".\"b\") < ('2', E'\\\\') AND (\"c\" IS NULL)"
        );
        let pages = Range::Pages { from: 3, to: 9 };
        assert_eq!(
            statements.change("t", &pages),
            "UPDATE ONLY t AS \"t\" SET \"c\" = 1 WHERE \"t\".ctid >= '(3,0)' AND \"t\".ctid < '(9,0)' AND (\"c\" IS NULL)"
        );
    }
}
