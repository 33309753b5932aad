//! Which migrations of a project are judged, in which pending sets, and why: the pure half. What
//! git says comes in as a value.
//!
//! New migrations come after all others here, whatever their names say: a database that has the
//! others meets them last. With a base they are one pending set, since Drizzle runs them in one
//! transaction.

use drizzle::{Layout, Project};
use std::collections::BTreeSet;

/// Where judged migrations stand in the history, and where not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Indexes of judged migrations, by pending set; each set ascending.
    pub sets: Vec<Vec<usize>>,
    /// Which of the sets runs after all other migrations, wherever it stands among them.
    pub newest: Option<usize>,
    /// What was chosen and why, as a clause: `2 of 14 migrations are new against origin/main (--base)`.
    pub text: String,
}

/// What is new in a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct New {
    /// Indexes of migrations that the base does not have.
    pub migrations: BTreeSet<usize>,
    /// Indexes of migrations whose SQL the base has with other bytes, line ends aside.
    pub edited: BTreeSet<usize>,
}

/// Each migration as a deploy of its own.
pub fn all(project: &Project, why: &str) -> Chosen {
    let count = project.migrations.len();
    let text = match count {
        0 => format!("there are no migrations ({why})"),
        1 => format!("1 migration ({why})"),
        _ => format!("all {count} migrations, each as a deploy of its own ({why})"),
    };
    Chosen { sets: (0..count).map(|index| vec![index]).collect(), newest: None, text }
}

/// The migrations of these files: one deploy, or several where others lie between them.
pub fn named(project: &Project, files: &BTreeSet<String>, apart: bool) -> Chosen {
    let mut sets: Vec<Vec<usize>> = Vec::new();
    for (index, migration) in project.migrations.iter().enumerate() {
        if !files.contains(&migration.sql_path) {
            continue;
        }
        match sets.last_mut() {
            Some(set) if !apart && set.last().is_some_and(|last| last + 1 == index) => set.push(index),
            _ => sets.push(vec![index]),
        }
    }
    let judged: usize = sets.iter().map(Vec::len).sum();
    let text = match (project.layout, judged) {
        (Layout::Bare, 1) => "1 SQL file as named".to_owned(),
        (Layout::Bare, _) => format!("{judged} SQL files as named"),
        (_, _) => format!("{}, as named", share(judged, project.migrations.len())),
    };
    Chosen { sets, newest: None, text }
}

/// What the base does not have, as one deploy; `against` says what the base is. An edited migration
/// is judged where it stands, as a deploy of its own: databases that lack it will run it as it is now.
pub fn new(project: &Project, new: &New, against: &str) -> Chosen {
    let (count, total) = (new.migrations.len(), project.migrations.len());
    let mut text = match count {
        0 if total == 1 => format!("the only migration is not new {against}"),
        0 => format!("none of {total} migrations is new {against}"),
        1 => format!("1 of {total} migrations is new {against}"),
        _ => format!("{count} of {total} migrations are new {against}"),
    };
    match new.edited.len() {
        0 => {}
        1 => text.push_str(", 1 that is there already was edited"),
        edited => text.push_str(&format!(", {edited} that are there already were edited")),
    }
    let mut sets: Vec<Vec<usize>> = new.edited.iter().map(|index| vec![*index]).collect();
    if count > 0 {
        sets.push(new.migrations.iter().copied().collect());
    }
    let newest = (count > 0).then(|| sets.len() - 1);
    Chosen { sets, newest, text }
}

/// The choice without what the settings leave alone.
pub fn without(mut chosen: Chosen, left: &BTreeSet<usize>, said: &[String]) -> Chosen {
    if said.is_empty() {
        return chosen;
    }
    for set in &mut chosen.sets {
        set.retain(|index| !left.contains(index));
    }
    chosen.sets.retain(|set| !set.is_empty());
    chosen.text = format!("{}; {}", chosen.text, said.join("; "));
    chosen
}

fn share(judged: usize, total: usize) -> String {
    match (judged, total) {
        (1, 1) => "1 migration".to_owned(),
        _ => format!("{judged} of {total} migrations"),
    }
}

/// The project with its newest set last, and the pending sets in terms of the new order.
pub fn applied_first(project: &Project, chosen: &Chosen) -> (Project, Vec<Vec<usize>>) {
    let Some(newest) = chosen.newest.and_then(|newest| chosen.sets.get(newest)) else {
        return (project.clone(), chosen.sets.clone());
    };
    let others = (0..project.migrations.len()).filter(|index| !newest.contains(index));
    let order: Vec<usize> = others.chain(newest.iter().copied()).collect();
    let migrations = order.iter().filter_map(|index| project.migrations.get(*index).cloned()).collect();
    let place = |index: &usize| order.iter().position(|other| other == index);
    let sets = chosen.sets.iter().map(|set| set.iter().filter_map(place).collect()).collect();
    (Project { migrations, ..project.clone() }, sets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use drizzle::MemoryFiles;

    /// A project of three bare files.
    fn project() -> Project {
        let paths: Vec<String> = ["a.sql", "b.sql", "c.sql"].map(str::to_owned).to_vec();
        let files = MemoryFiles::new(paths.iter().map(|path| (path.clone(), "select 1;")));
        drizzle::load_sql_files(&files, &paths).0
    }

    #[test]
    fn new_migrations_are_one_set_and_come_last() {
        let project = project();
        let fresh = New { migrations: BTreeSet::from([0, 2]), edited: BTreeSet::new() };
        let chosen = new(&project, &fresh, "against origin/main (--base)");
        assert_eq!(chosen.sets, [[0, 2]]);
        assert_eq!(chosen.text, "2 of 3 migrations are new against origin/main (--base)");
        let (ordered, sets) = applied_first(&project, &chosen);
        let tags: Vec<&str> = ordered.migrations.iter().map(|m| m.tag.as_str()).collect();
        assert_eq!((tags, sets), (vec!["b", "a", "c"], vec![vec![1, 2]]));
    }

    #[test]
    fn an_edited_migration_is_judged_where_it_stands() {
        let edited = New { migrations: BTreeSet::new(), edited: BTreeSet::from([1]) };
        let chosen = new(&project(), &edited, "against main (--base)");
        assert_eq!((chosen.sets, chosen.newest), (vec![vec![1]], None));
        assert_eq!(
            chosen.text,
            "none of 3 migrations is new against main (--base), 1 that is there already was edited"
        );
    }

    #[test]
    fn named_files_are_one_set_unless_others_lie_between() {
        let project = project();
        let files = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(named(&project, &files(&["b.sql", "c.sql"]), false).sets, [[1, 2]]);
        assert_eq!(named(&project, &files(&["b.sql", "c.sql"]), true).sets, [[1], [2]]);
        assert_eq!(named(&project, &files(&["a.sql", "c.sql"]), false).sets, [[0], [2]]);
        assert_eq!(named(&project, &files(&["a.sql"]), false).text, "1 SQL file as named");
    }
}
