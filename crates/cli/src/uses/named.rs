//! Which table or column a name on the command line may mean, and which it may have meant.

use code::Code;
use drizzle::{Project, QName};
use std::collections::{BTreeMap, BTreeSet};

/// The parts of a name, between dots.
pub struct Wanted {
    parts: Vec<String>,
}

/// A relation, or a column of one.
pub type Subject = (QName, Option<String>);

impl Wanted {
    /// Dots inside of double quotes belong to a name, and so do capitals everywhere.
    pub fn parse(text: &str) -> Wanted {
        let mut parts = vec![String::new()];
        let mut quoted = false;
        for letter in text.trim().chars() {
            match letter {
                '"' => quoted = !quoted,
                '.' if !quoted => parts.push(String::new()),
                letter => parts.last_mut().into_iter().for_each(|part| part.push(letter)),
            }
        }
        Wanted { parts }
    }

    /// The relations that it most likely is about.
    pub fn relations(&self) -> BTreeSet<QName> {
        self.readings().into_iter().map(|(relation, _)| relation).collect()
    }

    /// Those readings that the code knows: a relation that it declares or uses.
    pub fn subjects(&self, code: &Code) -> Vec<Subject> {
        let known = |(relation, column): &Subject| {
            let used = code.uses_of(relation, column.as_deref()).next().is_some();
            used || code.schema.relation(relation).is_some()
        };
        let mut readings = self.readings();
        let others = self.in_other_schemas(code);
        readings.extend(others.into_iter().filter(|(other, _)| !self.relations().contains(other)));
        let found: Vec<Subject> = readings.into_iter().filter(known).collect();
        // `a.b`: where `a` is a table with such a column, or `b` one of the schema `a`, that is it.
        let exact = |(relation, column): &Subject| {
            let known = code.schema.relation(relation);
            known.is_some_and(|known| column.as_ref().is_none_or(|column| known.column(column).is_some()))
        };
        match found.iter().any(exact) {
            true => found.into_iter().filter(exact).collect(),
            false => found,
        }
    }

    /// Readings that only the history of the migrations knows.
    pub fn known_to(&self, known: &Known) -> Vec<Subject> {
        self.readings().into_iter().filter(|subject| known.has(subject)).collect()
    }

    /// Readings that would make sense to this code: columns of a table that it declares, else a table.
    pub fn possible(&self, code: &Code) -> Vec<Subject> {
        let readings = self.readings();
        let declared = readings.iter().find(|(relation, _)| code.schema.relation(relation).is_some());
        declared.or(readings.first()).cloned().into_iter().collect()
    }

    fn readings(&self) -> Vec<Subject> {
        let parts: Vec<&str> = self.parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            [table] => vec![(QName::new("public", table), None)],
            [a, b] => {
                vec![(QName::new("public", a), Some((*b).to_owned())), (QName::new(a, b), None)]
            }
            [schema, table, column] => vec![(QName::new(schema, table), Some((*column).to_owned()))],
            _ => Vec::new(),
        }
    }

    fn in_other_schemas(&self, code: &Code) -> Vec<Subject> {
        let (table, column) = match self.parts.as_slice() {
            [table] => (table, None),
            [table, column] => (table, Some(column.clone())),
            _ => return Vec::new(),
        };
        let same = code.schema.relations.keys().filter(|name| name.name == *table && name.schema != "public");
        same.map(|name| (name.clone(), column.clone())).collect()
    }
}

/// Names that there are, or were.
#[derive(Default)]
pub struct Known {
    relations: BTreeMap<QName, BTreeSet<String>>,
    /// Columns by their names in TypeScript.
    keys: BTreeMap<(QName, String), String>,
}

impl Known {
    /// Adds what a version declares.
    pub fn add_code(&mut self, code: &Code) {
        for (name, relation) in &code.schema.relations {
            let columns = self.relations.entry(name.clone()).or_default();
            for column in &relation.columns {
                columns.insert(column.name.clone());
                self.keys.insert((name.clone(), column.key.clone()), column.name.clone());
            }
        }
    }

    /// Adds what any migration ever made.
    pub fn add_history(&mut self, project: &Project) {
        let each = |index| facts::PendingSet { migrations: vec![index], ..facts::PendingSet::default() };
        let sets: Vec<facts::PendingSet> = (0..project.migrations.len()).map(each).collect();
        facts::analyze_each(project, &sets, &facts::Options::default(), &mut |analysis| {
            for relation in analysis.sets.iter().flat_map(|set| set.end.relations()) {
                let name = QName::new(&relation.name.schema, &relation.name.name);
                let columns = self.relations.entry(name).or_default();
                for column in &relation.columns {
                    if !columns.contains(&column.name) {
                        columns.insert(column.name.clone());
                    }
                }
            }
        });
    }

    /// Whether there is, or was, such a relation or column.
    pub fn has(&self, (relation, column): &Subject) -> bool {
        let known = self.relations.get(relation);
        known.is_some_and(|columns| column.as_ref().is_none_or(|column| columns.contains(column)))
    }

    /// The name that may have been meant.
    pub fn near(&self, wanted: &Wanted) -> Option<String> {
        for (relation, column) in wanted.readings() {
            let (Some(columns), Some(column)) = (self.relations.get(&relation), column) else { continue };
            let by_key = self.keys.get(&(relation.clone(), column.clone())).map(String::as_str);
            let near = by_key.or_else(|| source::nearest(&column, columns.iter().map(String::as_str)));
            return near.map(|near| format!("{}.{near}", shown(&relation)));
        }
        let names: Vec<String> = self.relations.keys().map(shown).collect();
        let table = match wanted.parts.as_slice() {
            [table] | [table, _] => table.clone(),
            parts => parts.get(..2).unwrap_or_default().join("."),
        };
        let near = source::nearest(&table, names.iter().map(String::as_str))?;
        let column = wanted.parts.get(1).filter(|_| wanted.parts.len() == 2);
        Some(column.map_or_else(|| near.to_owned(), |column| format!("{near}.{column}")))
    }
}

fn shown(name: &QName) -> String {
    if name.schema == "public" { name.name.clone() } else { name.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_name_may_mean() {
        let readings = |text: &str| -> Vec<String> {
            let each = |(relation, column): Subject| match column {
                Some(column) => format!("{relation} {column}"),
                None => relation.to_string(),
            };
            Wanted::parse(text).readings().into_iter().map(each).collect()
        };
        assert_eq!(readings("users"), ["public.users"]);
        assert_eq!(readings("users.full_name"), ["public.users full_name", "users.full_name"]);
        assert_eq!(readings("auth.users.id"), ["auth.users id"]);
        assert_eq!(readings("\"a.b\".\"C d\""), ["public.a.b C d", "a.b.C d"]);
        assert!(readings("a.b.c.d").is_empty());
    }
}
