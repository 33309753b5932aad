//! Row level security hides rows from the deployed app.

use crate::broken::Broken;
use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "rls-hides-rows",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "row level security leaves no policy that lets the deployed app read or write",
};

/// Row level security or a change of policies that lets some kind of query of the deployed app do nothing,
/// or less than before.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        out.extend(at.broken(BreakCause::RowSecurity).into_iter().map(|broken| shut_out(at, broken)));
        out.extend(at.broken(BreakCause::RowCondition).into_iter().map(|broken| limited(at, broken)));
    }
}

fn shut_out(at: At<'_>, broken: Broken<'_>) -> Diagnostic {
    let (table, name) = (broken.table.sql(), broken.table.shown());
    let hidden = broken.operations.contains(&Operation::Select);
    let closed = |operation: Operation| broken.operations.contains(&operation);
    let mut effects = Vec::new();
    let silent: Vec<&str> =
        [(Operation::Select, "reads"), (Operation::Update, "updates"), (Operation::Delete, "deletes")]
            .into_iter()
            .filter(|(operation, _)| closed(*operation))
            .map(|(_, word)| word)
            .collect();
    if !silent.is_empty() {
        effects.push(format!("its {} touch 0 rows without an error", listed(&silent)));
    }
    if closed(Operation::Insert) {
        effects.push("its inserts fail with 42501".to_owned());
    }
    let words = [
        (Operation::Insert, "insert", "WITH CHECK (true)"),
        (Operation::Update, "update", "USING (true)"),
        (Operation::Delete, "delete", "USING (true)"),
    ];
    let missing: Vec<_> = words.into_iter().filter(|(operation, ..)| closed(*operation)).collect();
    let what = match hidden {
        true => format!("row level security on `{name}` leaves no policy that shows its rows"),
        false => {
            let words: Vec<&str> = missing.iter().map(|(_, word, _)| *word).collect();
            format!("row level security on `{name}` leaves no policy for {} of the app", listed(&words))
        }
    };
    let finding = at
        .finding(&META, what)
        .about(broken.table.label)
        .on(at.on_name(broken.table.label))
        .why(format!("predicted: unless the app's role owns the table, {}", listed(&effects)))
        .cites(at, &broken)
        .why("with FORCE ROW LEVEL SECURITY that holds for the owner too");
    if restricts(at) {
        return finding.fix(
            "Restrictive policies all have to hold, whatever the others permit. Let this one through what the deployed app \
             reads and writes, and tighten it in a later deploy.",
        );
    }
    let policy = |word: &str| quoted(&format!("{}_{word}", broken.table.name()));
    let everything = || {
        format!(
            "CREATE POLICY {} ON {table} FOR ALL TO PUBLIC USING (true) WITH CHECK (true);\n",
            policy("app")
        )
    };
    let code = match hidden {
        true => everything(),
        false => missing
            .iter()
            .map(|(_, word, condition)| {
                let command = word.to_uppercase();
                format!("CREATE POLICY {} ON {table} FOR {command} TO PUBLIC {condition};\n", policy(word))
            })
            .collect::<Vec<_>>()
            .join("--> statement-breakpoint\n"),
    };
    let enables = at.changes_so(|change| matches!(change, Change::RowSecuritySet { enabled: true, .. }));
    let code = match enables {
        true => format!("{code}--> statement-breakpoint\nALTER TABLE {table} ENABLE ROW LEVEL SECURITY;\n"),
        false => code,
    };
    finding
        .fix("Create the policies in the same transaction, before or after ENABLE. This lets everything through until you write a stricter one:")
        .code(code)
}

fn limited(at: At<'_>, broken: Broken<'_>) -> Diagnostic {
    let name = broken.table.shown();
    let (what, fix) = match restricts(at) {
        true => (
            format!("a restrictive policy on `{name}` may hide rows from the deployed app"),
            "Make sure that the deployed app only reads and writes what the condition lets through; otherwise let the app \
             learn it first, and create the policy in the deploy after that.",
        ),
        false => (
            format!("row level security on `{name}` asks for a setting that the deployed app may not make"),
            "Deploy an app that makes the setting in each of its transactions, with set_config(name, value, true), and \
             switch row level security on in the deploy after that.",
        ),
    };
    at.finding(&META, what)
        .about(broken.table.label)
        .on(at.on_name(broken.table.label))
        .why(format!("predicted: {}", plain(broken.reason)))
        .cites(at, &broken)
        .fix(fix)
        .weighs(Severity::Warning)
}

/// Whether it sets a restrictive policy.
fn restricts(at: At<'_>) -> bool {
    at.changes_so(|change| matches!(change, Change::PolicySet { policy, .. } if !policy.permissive))
}
