//! Which tables get traffic, from how many sessions, and on what timetable.
//!
//! The tables that the set locks come first; a few others show what the machine does to everybody.

use super::Asked;
use super::statements::{Kind, LeftOut, Statement, statements};
use super::traffic::Session;
use crate::Error;
use crate::queries::{Details, Line, declared};
use catalog::QName;
use drizzle::{Layout, Project};
use facts::Analysis;
use pg::Scratch;
use std::time::Duration;

/// The traffic of a rehearsal.
pub(super) struct Plan {
    pub tables: Vec<Table>,
    pub sessions: Vec<Session>,
    pub left_out: Vec<LeftOut>,
    pub passed_over: Vec<String>,
    /// Those that the set touches and that this database has.
    pub touched: Vec<QName>,
}

/// A table with traffic.
pub(super) struct Table {
    pub name: QName,
    pub touched: bool,
}

/// Tables of the set that get traffic: each takes two connections.
const TABLES: usize = 12;
/// Tables with traffic where the set touches fewer.
const ALL_IN_ALL: usize = 3;

pub(super) fn touched(analysis: &Analysis, set: usize) -> Vec<QName> {
    let mut found: Vec<QName> = Vec::new();
    let start = &analysis.sets[set].start;
    for step in analysis.steps_of(set) {
        let locks = step.facts.locks.iter().filter(|lock| !lock.new).map(|lock| &lock.relation);
        for relation in locks.chain(step.facts.writes.iter().map(|write| &write.relation)) {
            let Some((schema, name)) = relation.split_once('.') else { continue };
            let name = QName::new(schema, name);
            if start.slot(&name).is_some() && !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

pub(super) async fn plan(
    scratch: &Scratch,
    project: &Project,
    analysis: &Analysis,
    set: usize,
    asked: &Asked,
) -> Result<Plan, Error> {
    let judged = &analysis.sets[set];
    let line = if project.layout == Layout::Folders { Line::V1 } else { Line::Stable };
    let details = Details::Catalog(&judged.start);
    let all = declared(judged.old_app(), details);
    let touched = touched(analysis, set);
    let session = scratch.connect().await?;
    if let Some(role) = &asked.app_role {
        session.batch(&format!("set role {}", crate::fill::quoted(role))).await?;
    }

    let usable = |name: &QName| all.iter().find(|t| t.name == *name && !t.view && !t.columns.is_empty());
    let mut wanted: Vec<_> = touched.iter().filter_map(usable).take(TABLES).map(|t| (t, true)).collect();
    let others = all.iter().filter(|t| !t.view && !t.columns.is_empty() && !touched.contains(&t.name));
    let room = ALL_IN_ALL.saturating_sub(wanted.len());
    wanted.extend(others.take(room).map(|table| (table, false)));

    let mut plan = Plan {
        tables: Vec::new(),
        sessions: Vec::new(),
        left_out: Vec::new(),
        passed_over: Vec::new(),
        touched: touched.clone(),
    };
    let mut sent: Vec<(usize, Kind, Vec<Statement>)> = Vec::new();
    for (table, is_touched) in wanted {
        let (fine, left) = statements(&session, table, line).await?;
        plan.left_out.extend(left);
        if fine.is_empty() {
            continue;
        }
        let at = plan.tables.len();
        plan.tables.push(Table { name: table.name.clone(), touched: is_touched });
        let (reads, writes) = fine.into_iter().partition(|one: &Statement| one.kind == Kind::Read);
        sent.push((at, Kind::Read, reads));
        sent.push((at, Kind::Write, writes));
    }
    session.close().await;
    let busy = |name: &QName| plan.tables.iter().any(|table| table.name == *name);
    let idle = touched.iter().filter(|name| !busy(name)).map(QName::to_string);
    plan.passed_over = idle.collect();
    plan.sessions = sessions(&plan.tables, sent, asked);
    Ok(plan)
}

fn sessions(tables: &[Table], sent: Vec<(usize, Kind, Vec<Statement>)>, asked: &Asked) -> Vec<Session> {
    let touched = tables.iter().filter(|table| table.touched).count().max(1);
    let mut sessions = Vec::new();
    for (table, kind, statements) in sent {
        if statements.is_empty() {
            continue;
        }
        let all = if kind == Kind::Read { asked.readers } else { asked.writers };
        let share = if tables[table].touched { (all / touched).max(1) } else { 1 };
        for number in 0..share {
            // Each begins somewhere else, so that they don't all meet at one row.
            let mut statements = statements.clone();
            let turn = statements.len() * number / share;
            statements.rotate_left(turn);
            sessions.push((table, kind, statements));
        }
    }
    let step = Duration::from_secs_f64(1.0 / asked.rate.max(0.1));
    let every = step.mul_f64(sessions.len() as f64);
    let timed = sessions.into_iter().enumerate().map(|(at, (table, kind, statements))| Session {
        table,
        kind,
        statements,
        first: step.mul_f64(at as f64),
        every,
    });
    timed.collect()
}
