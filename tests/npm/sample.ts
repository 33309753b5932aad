// Compiled under `strict` beside an installed brolly, both as an ES module and as CommonJS.

import {
  type BackfillLine,
  BrollyError,
  type Finding,
  type LockMode,
  type MigrateLine,
  type OutlineDeploy,
  type PreflightLine,
  type Rollback,
  type Severity,
  type StatementFacts,
  type WatchLine,
  binaryPath,
  facts,
  lint,
  plan,
  rollback,
} from "brolly";

export async function worst(base: string, signal: AbortSignal): Promise<Severity | undefined> {
  try {
    const report = await lint({ base, deployed: ["v2", "v1"], pg: 16, signal, onNote: (line) => line.trim() });
    const version: 1 = report.version;
    const errors: Finding[] = report.findings.filter((finding) => finding.severity === "error");
    const sql: string | null | undefined = errors[0]?.remedy.code;
    const commit: string | undefined = report.findings[0]?.related[0]?.commit;
    return version && sql && commit ? "error" : report.findings[0]?.severity;
  } catch (error) {
    if (error instanceof BrollyError && error.exitCode === 2) return error.report?.findings[0]?.severity;
    throw error;
  }
}

export async function locked(): Promise<[string, LockMode][]> {
  const statements: StatementFacts[] = await facts({ paths: ["drizzle"] });
  return statements.flatMap(({ locks }) => locks.map(({ relation, mode }): [string, LockMode] => [relation, mode]));
}

export async function planned(): Promise<[OutlineDeploy[], number | null | undefined, Rollback[]]> {
  const { plans } = await plan({ migrations: ["0001_x"], values: { "users.country": "'DE'" } });
  const deploys = plans.flatMap((one) => one.deploys);
  const rows = deploys[0]?.files[0]?.reads[0]?.rows;
  return [deploys, rows, (await rollback({ all: true })).rollbacks];
}

// @ts-expect-error there is no such option
void lint({ everything: true });
// @ts-expect-error the way back is the same on every version
void rollback({ pg: 16 });
// @ts-expect-error versions are numbers
void facts({ pg: "16" });
// @ts-expect-error not a lock mode
export const mode: LockMode = "AccessEverything";
export const path: string = binaryPath();

/** Lines that were printed, by what they tell of many databases. */
export function failed(migrate: MigrateLine, backfill: BackfillLine): (string | undefined)[] {
  const ended = migrate.event === "summary" ? migrate.targets.filter(({ state }) => state === "failed") : [];
  const left = backfill.event === "summary" ? backfill.targets.filter(({ state }) => state === "not_started") : [];
  return [migrate.target, ...ended.map(({ target }) => target), ...left.map(({ target }) => target)];
}

/** What is in the way, before and after: each kind of line is known by its event, and has its own fields. */
export function inTheWay(preflight: PreflightLine, watch: WatchLine, backfill: BackfillLine): string[] {
  const left = backfill.event === "standing" ? [`${backfill.backfill}: ${backfill.left ?? "not counted"}`] : [];
  if (watch.event === "sample") return watch.waits?.map(({ session }) => session.query) ?? left;
  if (watch.event === "verdict") return watch.findings.map(({ what }) => what);
  if (!("event" in preflight)) return preflight.checks.map(({ what }) => `${preflight.target}: ${what}`);
  if (preflight.event === "failed") return [preflight.message];
  return preflight.targets.flatMap(({ state, why }) => (state === null || state === "stop" ? [why ?? watch.host] : []));
}
