//! What was seen, for people: each statement with its facts, then what breaks, then the checks.

use super::{Proven, back};
use facts::{Facts, LockMode};
use pg::Seen;
use report::HumanOptions;
use source::{Severity, shown};
use std::fmt::Write;
use std::time::Duration;
use verify::compare::Disagreement;
use verify::migrate::{End, Ran, Run};
use verify::proof::Asking;
use verify::{Fresh, Proof};

/// The text for all sets.
pub fn text(proven: &[Proven], paper: &HumanOptions) -> String {
    let mut text = String::new();
    for one in proven {
        if !text.is_empty() {
            text.push('\n');
        }
        set(&mut text, one, paper);
    }
    text
}

fn set(text: &mut String, one: &Proven, paper: &HumanOptions) {
    let proof = &one.proof;
    let filled = proof.filled.tables.values();
    let rows: u64 = filled.clone().map(|table| table.rows()).sum();
    let _ = writeln!(text, "{}: {}", one.dir, one.selection);
    let _ = match &proof.database {
        Some(name) => writeln!(text, "migrated: database {name}, PostgreSQL {}\n", proof.server),
        None => {
            writeln!(text, "on PostgreSQL {}, {} rows in {} tables\n", proof.server, rows, filled.len())
        }
    };
    for refused in &proof.refused {
        let sql = first_line(&refused.sql, paper.width);
        let _ = writeln!(text, "not applied here: {sql}\n  {} {}", refused.sqlstate, refused.message);
    }
    for (table, reason) in proof.filled.empty() {
        let _ = writeln!(text, "no rows in {table}: {reason}");
    }
    statements(text, one, &proof.run, paper);
    if let Some(run) = &proof.without_rows {
        let _ = writeln!(text, "\nthe same on empty tables, for what the failure hides:");
        statements(text, one, run, paper);
        text.push('\n');
    }
    sizes(text, one);
    apps(text, one);
    findings(text, one);
    checks(text, one);
}

fn statements(text: &mut String, one: &Proven, run: &Run, paper: &HumanOptions) {
    let mut tag = "";
    for ran in &run.steps {
        let step = &one.analysis.steps[ran.step];
        if step.tag != tag {
            tag = &step.tag;
            let _ = writeln!(text, "{tag}");
        }
        statement(text, one, ran, paper);
    }
    ending(text, one, run);
    locks_held(text, one, run, paper);
}

/// Strong locks by relation; where one became stronger on the way, each step has a line.
fn locks_held(text: &mut String, one: &Proven, run: &Run, paper: &HumanOptions) {
    let mut strong: Vec<_> = run.holds.iter().filter(|hold| hold.mode > LockMode::RowExclusive).collect();
    strong.sort_by(|a, b| (&a.relation, a.step).cmp(&(&b.relation, b.step)));
    if !strong.is_empty() {
        text.push_str("locks held until then:\n");
    }
    for hold in strong {
        let step = &one.analysis.steps[hold.step];
        let start = format!("  {}: {} for {} from ", shown(&hold.relation), hold.mode, span(hold.duration));
        let sql = first_line(step.span.of(&step.file.text), paper.width.saturating_sub(start.len()).max(30));
        let _ = writeln!(text, "{start}{sql}");
    }
}

fn statement(text: &mut String, one: &Proven, ran: &Ran, paper: &HumanOptions) {
    let step = &one.analysis.steps[ran.step];
    let sql = first_line(step.span.of(&step.file.text), paper.width.saturating_sub(4));
    let seen = &ran.observation;
    let _ = writeln!(text, "  {sql}");
    let mut told = vec![span(seen.duration)];
    if seen.wal_bytes > 0 {
        told.push(format!("{} WAL", bytes(seen.wal_bytes)));
    }
    told.extend(facts_of(&seen.facts));
    if seen.seen == Seen::Glimpses {
        told.push("seen from a second session".to_owned());
    }
    let _ = writeln!(text, "    {}", told.join(", "));
    for failure in &seen.facts.failures {
        let _ = writeln!(text, "    FAILS {}: {}", failure.sqlstate, failure.when);
    }
}

fn facts_of(facts: &Facts) -> Vec<String> {
    let old = facts.locks.iter().filter(|lock| !lock.new && lock.mode > LockMode::RowExclusive);
    let locks = old.map(|lock| {
        let waits = match (lock.mode.blocks_reads(), lock.mode.blocks_writes()) {
            (true, _) => " (reads and writes wait)",
            (false, true) => " (writes wait)",
            (false, false) => "",
        };
        format!("{} on {}{waits}", lock.mode, shown(&lock.relation))
    });
    let rewrites = facts.rewrites.iter().filter(|one| !one.new);
    let rewrites = rewrites.map(|one| format!("{} written anew", shown(&one.relation)));
    let scans = facts.scans.iter().filter(|one| !one.new);
    let scans = scans.map(|one| format!("{} read whole", shown(&one.relation)));
    locks.chain(rewrites).chain(scans).collect()
}

fn ending(text: &mut String, one: &Proven, run: &Run) {
    let total: Duration = run.steps.iter().map(|ran| ran.observation.duration).sum();
    let _ = match &run.end {
        End::Committed => writeln!(text, "committed after {}", span(total)),
        End::Failed { .. } => {
            let left = one.analysis.sets[one.set].steps.len() - run.steps.len();
            let left = match left {
                0 => String::new(),
                1 => ", 1 statement was not run".to_owned(),
                left => format!(", {left} statements were not run"),
            };
            writeln!(text, "FAILED: what is open is rolled back{left}")
        }
        End::RefusedAtCommit { sqlstate, message } => {
            writeln!(text, "REFUSED AT COMMIT {sqlstate}: {message}")
        }
    };
}

fn sizes(text: &mut String, one: &Proven) {
    for (table, (before, after)) in &one.proof.sizes {
        let _ = writeln!(text, "  {}: {} before, {} after", shown(table), bytes(*before), bytes(*after));
    }
}

/// One line for each finding on these facts that a run may fail for; `lint` says the rest.
fn findings(text: &mut String, one: &Proven) {
    let loud: Vec<_> = one.findings.iter().filter(|found| found.severity > Severity::Info).collect();
    if loud.is_empty() {
        return;
    }
    let _ = writeln!(text, "findings on what was seen (brolly lint tells why, and what to do):");
    for found in loud {
        let weight = report::weight(found.severity);
        let place = found.migration.as_deref().unwrap_or_default();
        let _ = writeln!(text, "  {weight}[{}] {place}: {}", found.rule, found.what);
    }
}

fn apps(text: &mut String, one: &Proven) {
    let proof = &one.proof;
    if proof.database.is_some() && proof.run.end == End::Committed {
        let _ =
            writeln!(text, "queries of the apps, planned and not run: what only rows can show is not seen");
    }
    let old = &one.analysis.sets[one.set].old_app().origin;
    if proof.old_app.asked > 0 {
        app(text, &format!("old app ({old}) on the new schema"), &proof.old_app);
    }
    if proof.new_app.asked > 0 {
        app(text, "new app on the new schema", &proof.new_app);
        until_later(text, proof);
    }
    if proof.new_app_early.asked > 0 {
        app(text, "new app on the old schema, if it is deployed first", &proof.new_app_early);
    }
}

/// What the new version of the app has to wait for.
fn until_later(text: &mut String, proof: &Proof) {
    let until = &proof.until_later;
    let Some(first) = until.first() else { return };
    let _ = writeln!(
        text,
        "  {} of them fail until what waits in contract/ has run, and work then: the new version of the app goes out after it (brolly plan tells with which deploy)\n    {}: {} {}",
        until.len(),
        shown(&first.query.relation.to_string()),
        first.sqlstate,
        first.message
    );
}

fn app(text: &mut String, name: &str, asking: &Asking) {
    let _ = match asking.broken.len() {
        0 => writeln!(text, "{name}: all {} queries work", asking.asked),
        broken => writeln!(text, "{name}: {broken} of {} queries break", asking.asked),
    };
    let mut last = None;
    for one in &asking.broken {
        let this = (&one.query.relation, &one.sqlstate, &one.message);
        if last == Some(this) {
            let _ = write!(text, ", {}", one.query.label);
            continue;
        }
        if last.is_some() {
            text.push('\n');
        }
        last = Some(this);
        let relation = one.query.relation.to_string();
        let _ =
            write!(text, "  {}: {} {}\n    {}", shown(&relation), one.sqlstate, one.message, one.query.label);
    }
    if last.is_some() {
        text.push('\n');
    }
}

fn checks(text: &mut String, one: &Proven) {
    let proof = &one.proof;
    for note in &proof.notes {
        let _ = writeln!(text, "{note}");
    }
    if let Some(fresh) = &proof.fresh {
        on_empty(text, proof, fresh);
    }
    back::human(text, &one.backs);
    pending(text, proof);
    disagreements(text, one);
}

fn on_empty(text: &mut String, proof: &Proof, fresh: &Fresh) {
    let _ = match &fresh.stopped {
        Some((tag, sqlstate, _)) if proof.fresh_needs_more() => {
            writeln!(
                text,
                "everything on an empty database: not to be told here, {tag} stops with {sqlstate} as above"
            )
        }
        None => writeln!(text, "everything on an empty database: applied in {}", span(fresh.duration)),
        Some((tag, sqlstate, message)) => {
            writeln!(text, "everything on an empty database: FAILS in {tag} with {sqlstate} {message}")
        }
    };
}

fn pending(text: &mut String, proof: &Proof) {
    let _ = match proof.pending_again.as_slice() {
        [] => writeln!(text, "a second run: nothing is pending"),
        again if proof.run.end == End::Committed => {
            writeln!(text, "a second run: Drizzle would run {} AGAIN", again.join(", "))
        }
        again => writeln!(text, "still pending: {}", again.join(", ")),
    };
}

fn disagreements(text: &mut String, one: &Proven) {
    let proof = &one.proof;
    let wrong: Vec<_> = proof.disagreements().collect();
    if wrong.is_empty() && proof.breaks.is_empty() {
        let _ = writeln!(text, "predicted and observed agree");
        return;
    }
    // A database of the user's may hold what no migration made.
    let whose = match proof.database {
        Some(_) => "Either the database is not what the migrations make (brolly diff tells), or that",
        None => "That",
    };
    let _ = writeln!(
        text,
        "\nbrolly predicted something else. {whose} is a mistake of brolly's; please report it with the statement:"
    );
    for (step, disagreement) in wrong {
        let step = &one.analysis.steps[step];
        let _ =
            writeln!(text, "  {}: {}", first_line(step.span.of(&step.file.text), 100), said(disagreement));
    }
    for one in &proof.breaks {
        let side = if one.predicted { "predicted, and it works" } else { "not predicted, and it breaks" };
        let operation = format!("{:?}", one.operation).to_lowercase();
        let _ = writeln!(text, "  {operation} on {} ({}): {side}", shown(&one.relation), one.sqlstate);
    }
}

/// A disagreement in words.
pub fn said(one: &Disagreement) -> String {
    let lock = |mode: &Option<LockMode>| mode.map_or("no lock".to_owned(), |mode| mode.to_string());
    match one {
        Disagreement::Lock { relation, predicted, observed } => {
            format!("{} on {} predicted, {} seen", lock(predicted), shown(relation), lock(observed))
        }
        Disagreement::Rewrite { relation, predicted } => one_sided(relation, "written anew", *predicted),
        Disagreement::Scan { relation, predicted } => one_sided(relation, "read whole", *predicted),
        Disagreement::Failure { predicted, observed } => {
            let seen =
                observed.as_ref().map_or("it works".to_owned(), |(code, text)| format!("{code} {text}"));
            let foreseen = if predicted.is_empty() { "no failure".to_owned() } else { predicted.join(", ") };
            format!("{foreseen} predicted, {seen}")
        }
    }
}

fn one_sided(relation: &str, what: &str, predicted: bool) -> String {
    let relation = shown(relation);
    match predicted {
        true => format!("{relation} was predicted to be {what}, and is not"),
        false => format!("{relation} is {what}, which was not predicted"),
    }
}

/// SQL in one line, cut where it is longer.
pub fn first_line(sql: &str, width: usize) -> String {
    let flat = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match flat.char_indices().nth(width) {
        None => flat,
        Some((at, _)) => format!("{} ..", flat[..at].trim_end()),
    }
}

/// A time in the unit that fits.
pub fn span(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    if ms < 1000.0 { format!("{ms:.1} ms") } else { format!("{:.2} s", ms / 1000.0) }
}

/// A size in the unit that fits.
pub fn bytes(bytes: u64) -> String {
    let size = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", size / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", size / 1e6),
        _ => format!("{:.1} GB", size / 1e9),
    }
}
