// Made from the JSON Schema of the output by `cargo xtask codegen`.

/**
 * What `brolly plan --format json` prints.
 */
export interface Plans {
  /**
   * One for each project that has something pending.
   */
  plans: Outline[];
  /**
   * The version of this format.
   */
  version: number;
}
/**
 * A plan, deploy by deploy.
 */
export interface Outline {
  /**
   * The deploys in order; empty where nothing has to be done, or where there is no path.
   */
  deploys: OutlineDeploy[];
  /**
   * The migrations that it is for.
   */
  migrations: string[];
  /**
   * What is changed, and why it can't stay in one step.
   */
  parts: OutlinePart[];
  /**
   * Statements that there is no path for.
   */
  refused: Refusal[];
}
/**
 * One deploy.
 */
export interface OutlineDeploy {
  /**
   * The way back from it, as long as the next has not run.
   */
  back: OutlineBack;
  /**
   * Rows to be changed once they have run.
   */
  backfills: Backfill[];
  /**
   * Whether the code has to wait for the backfills.
   */
  codeWaits: boolean;
  /**
   * Its migrations, in order.
   */
  files: OutlineFile[];
  /**
   * What must hold before it, a line each.
   */
  needs: string[];
  /**
   * Its number, from 1.
   */
  number: number;
  /**
   * Changes to the schema in TypeScript that go along. The migrations' snapshots know nothing of them, so that
   * drizzle-kit finds nothing to generate.
   */
  schema: OutlinePatch[];
  /**
   * Whether the new version of the app goes out with it.
   */
  shipsCode: boolean;
}
/**
 * The way back from a deploy.
 */
export interface OutlineBack {
  /**
   * What is lost on it, a line each.
   */
  lost: string[];
  /**
   * What it does not undo, and why, a line each.
   */
  notReversed: string[];
  /**
   * The statements, in order; empty where nothing has to be done.
   */
  sql: string[];
}
/**
 * Rows that are changed in batches, outside of migrations.
 */
export interface Backfill {
  /**
   * The backfills that have to be finished before it begins, by the names of their files without `.sql`.
   */
  after: string[];
  /**
   * The name that the other fields call it by, where that is another.
   */
  alias: string | null;
  /**
   * Rows a batch.
   */
  batch: number;
  /**
   * Which rows are still to be done.
   */
  condition: string | null;
  /**
   * `FROM` (of an UPDATE) or `USING` (of a DELETE), where there is one.
   */
  from: string | null;
  /**
   * The columns that batches go by, in the order of their index; empty for `ctid`.
   */
  key: string[];
  /**
   * The name of its file without `.sql`.
   */
  name: string;
  /**
   * `SET` list; empty where rows are deleted.
   */
  set: string;
  /**
   * The table as SQL.
   */
  table: string;
}
/**
 * One migration.
 */
export interface OutlineFile {
  /**
   * Which locks make others wait, and for what.
   */
  locks: OutlineLock[];
  /**
   * Its tag, or the name of the file that waits.
   */
  name: string;
  /**
   * Tables that are read whole while nobody waits for it.
   */
  reads: OutlineWork[];
  /**
   * Its SQL.
   */
  sql: string;
  /**
   * Whether it waits in `contract/`.
   */
  waits: boolean;
}
/**
 * A lock that makes others wait.
 */
export interface OutlineLock {
  /**
   * What is read or written while it is held; empty where it is held for a moment, since nothing is.
   */
  meanwhile: OutlineWork[];
  /**
   * Its mode.
   */
  mode: string;
  /**
   * `schema.name`.
   */
  relation: string;
  /**
   * Who waits.
   */
  whoWaits: string;
}
/**
 * Work that grows with the rows of a table.
 */
export interface OutlineWork {
  /**
   * The seconds that it takes at least, where the rows are known: measured with narrow rows, and all of them in
   * memory.
   */
  atLeastSeconds: number | null;
  /**
   * `schema.name`.
   */
  relation: string;
  /**
   * About how many rows there are, where `brolly.json` or the file of `brolly stats` says so.
   */
  rows: number | null;
  /**
   * What is done: all rows are read, once or several times, or written anew.
   */
  work: "read" | "look-up" | "index" | "rewrite";
}
/**
 * A change to a file.
 */
export interface OutlinePatch {
  /**
   * Its path.
   */
  file: string;
  /**
   * The change as a unified diff.
   */
  patch: string;
}
/**
 * One change.
 */
export interface OutlinePart {
  /**
   * What the people who write the app have to know.
   */
  advice: string[];
  /**
   * The recipe, whose page says more.
   */
  recipe: string;
  /**
   * What is changed.
   */
  title: string;
  /**
   * Why it takes several steps.
   */
  why: string;
}
/**
 * A statement that no recipe is for.
 */
export interface Refusal {
  /**
   * The migration.
   */
  migration: string;
  /**
   * The rule that found it, or the recipe that gave up.
   */
  rule: string;
  /**
   * Index of the statement in it, where it is about one.
   */
  statement: number | null;
  /**
   * What the statement does.
   */
  what: string;
  /**
   * Why there is no path.
   */
  why: string;
}
