// What `import { .. } from "brolly"` brings. The types of results are made from the JSON Schemas of the output.

import type { Break, Failure, Lock, StatementFacts, Use, Write } from "./types/facts";
import type { Finding, LintReport } from "./types/lint";
import type { Plans } from "./types/plan";
import type { Document as Rollbacks } from "./types/rollback";

export type { Finding, LintReport, Related, Remedy, Selection, Summary, Tool, Unnoticed } from "./types/lint";
export type { Backfill, Outline, OutlineDeploy, OutlineFile, OutlinePart, Plans, Refusal } from "./types/plan";
export type { Document as Rollbacks, Rollback } from "./types/rollback";
/**
 * With `--format json`: lines of `brolly migrate` and `brolly rollback --run`, of `brolly backfill`, of `brolly watch` and of
 * `brolly ledger list`; the document of `brolly preflight`, and its lines with `--targets`.
 */
export type { LedgerLine } from "./types/ledger";
export type { MigrateLine } from "./types/migrate";
export type { Event as BackfillLine } from "./types/backfill";
export type { Preflight, PreflightCheck, PreflightLine } from "./types/preflight";
export type { WatchLine } from "./types/watch";
export type { Break, Failure, Lock, StatementFacts, UnnoticedByCode, Use, Write } from "./types/facts";

/** How much a finding weighs. */
export type Severity = Finding["severity"];
/** The harm that a finding is about. */
export type Group = Finding["group"];
/** Whether something was worked out or seen on a server. */
export type Evidence = Finding["evidence"];
/** Table-level lock modes of Postgres. */
export type LockMode = Lock["mode"];
/** What a query does. */
export type Operation = Break["operation"] | Write["operation"];
/** Why a query stops working. */
export type BreakCause = Break["cause"];
/** Why a statement can fail. */
export type FailureCause = Failure["cause"];
/** How sure it is that a statement fails. */
export type Certainty = Failure["certainty"];
/** What the code does with a column. */
export type UseRole = Use["role"];
/** How sure it is that the code does it. */
export type UseCertainty = Use["certainty"];

/** What all commands ask for. Each is the flag of the same name. */
export interface CommonOptions {
  /** The folder to start in; that of this process unless set. Paths of results are relative to it. */
  cwd?: string;
  /**
   * Project directories, migrations folders, folders of SQL files, or SQL files; every Drizzle project of the
   * repository unless set.
   */
  paths?: readonly string[];
  /** Drizzle configs to read. */
  config?: string | readonly string[];
  /** Migrations folders (`out` of the config). */
  out?: string | readonly string[];
  /** The settings to go by instead of the nearest brolly.json above a project. */
  settings?: string;
  /** Judge what is new against this branch, tag or commit. */
  base?: string;
  /** Fetch the base where this clone lacks it. */
  fetchBase?: boolean;
  /** Where there is no base, carry on with uncommitted and untracked files. */
  allowMissingBase?: boolean;
  /** The versions of the app that serve traffic: tags, branches or commits. */
  deployed?: string | readonly string[];
  /** Major version of Postgres, 13 to 18; that of brolly.json, or 16, unless set. */
  pg?: number;
  /** TimeZone of the session that migrates; that of brolly.json, or UTC, unless set. */
  timeZone?: string;
  /** Ends the program, and rejects with an AbortError, when it is aborted. */
  signal?: AbortSignal;
  /** Gets each line that the program writes to its error stream: what was skipped, or could not be read. */
  onNote?: (line: string) => void;
}

/** Options of `lint`. */
export interface LintOptions extends CommonOptions {
  /** Judge each migration of the history as a deploy of its own. */
  all?: boolean;
  /** What `brolly stats` wrote, instead of the file that brolly.json names. */
  stats?: string;
}

/** Options of `facts`. */
export type FactsOptions = CommonOptions;

/** Options of `plan`. */
export interface PlanOptions extends Omit<CommonOptions, "paths"> {
  /** The migrations to plan: tags, folder names or paths; what is new unless set. */
  migrations?: readonly string[];
  /** Values for rows that have none: an SQL expression by `table.column`. */
  values?: Readonly<Record<string, string>>;
}

/** Options of `rollback`. */
export interface RollbackOptions extends Omit<CommonOptions, "pg" | "timeZone"> {
  /** The way back of every migration of the history. */
  all?: boolean;
}

/** The program could not do its job: no project, no base, a folder or config that can't be read. */
export class BrollyError extends Error {
  name: "BrollyError";
  /** The exit code, where the program was started and ended by itself. */
  exitCode?: number;
  /** All that it wrote to its error stream. */
  stderr?: string;
  /** What it could judge all the same. */
  report?: LintReport;
}

/** Judges migrations, as `brolly lint` does. Findings, whatever they weigh, are a result and no error. */
export function lint(options?: LintOptions): Promise<LintReport>;

/** What each statement does, as `brolly facts` says it, in the order in which statements run. */
export function facts(options?: FactsOptions): Promise<StatementFacts[]>;

/** The safe path of pending migrations, as `brolly plan` shows it. Statements without a path are a result and no error. */
export function plan(options?: PlanOptions): Promise<Plans>;

/** The way back of migrations, as `brolly rollback` prints it. Nothing is written. */
export function rollback(options?: RollbackOptions): Promise<Rollbacks>;

/** The path of the program that is used: what BROLLY_BINARY names, or that of the installed package. */
export function binaryPath(): string;
