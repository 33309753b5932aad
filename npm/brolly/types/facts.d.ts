// Made from the JSON Schema of the output by `cargo xtask codegen`.

/**
 * What one line of `brolly facts` says: what a statement does, in the order in which statements run.
 * Relations are named as Postgres stores them: schema and name, unquoted (`public.users`).
 */
export interface StatementFacts {
  /**
   * Queries of the app that is being deployed that don't work as long as this has not run.
   */
  breaks_new_app: Break[];
  /**
   * Queries of the deployed app that stop working once this is committed.
   */
  breaks_old_app: Break[];
  /**
   * One past its last byte.
   */
  end: number;
  /**
   * Worked out from the SQL, or seen on a server.
   */
  evidence: "predicted" | "observed";
  /**
   * Path of its file, relative to where brolly was started.
   */
  file: string;
  /**
   * The strongest lock on each table, view and materialized view, taken by this statement itself.
   */
  locks: Lock[];
  /**
   * Queries of the deployed app that may stop working, depending on values, roles or settings, or where
   * its code declares what goes and no query was found that names it.
   */
  may_break_old_app: Break[];
  /**
   * Ways in which it can fail.
   */
  may_fail: Failure[];
  /**
   * Tag of the migration in the journal, or name of its folder.
   */
  migration: string;
  /**
   * The major version of Postgres that it was judged for.
   */
  postgres: number;
  /**
   * Relations whose storage is written anew.
   */
  rewrites: string[];
  /**
   * Relations that are read whole: validation, index build, rewrite. Plain queries and data changes are
   * left out.
   */
  scans: string[];
  /**
   * Its text.
   */
  sql: string;
  /**
   * Its first byte in that file.
   */
  start: number;
  /**
   * Index of the statement in the migration, from 0. Pieces that hold comments only are not counted.
   */
  statement: number;
  /**
   * Statements with the same number share a transaction; null runs outside of any.
   */
  transaction: number | null;
  /**
   * What could not be judged, and why.
   */
  unknown: string[];
  /**
   * What goes, or changes its name, and no deployed version declares or names. Left out where it is empty.
   */
  unnoticed?: UnnoticedByCode[];
  /**
   * Data changes on tables.
   */
  writes: Write[];
}
/**
 * A kind of query that stops working.
 */
export interface Break {
  /**
   * Why.
   */
  cause:
    | "column-dropped"
    | "column-renamed"
    | "relation-dropped"
    | "relation-renamed"
    | "required-column"
    | "not-null"
    | "default-dropped"
    | "type-narrowed"
    | "view-retyped"
    | "new-constraint"
    | "conflict-target"
    | "row-security"
    | "row-condition"
    | "starts-over"
    | "generated"
    | "enum-value"
    | "privilege"
    | "object-dropped"
    | "not-there-yet";
  /**
   * The column, where it is about one.
   */
  column: string | null;
  /**
   * How many other places there are.
   */
  more_uses?: number;
  /**
   * What the query does.
   */
  operation: "select" | "insert" | "update" | "delete" | "upsert";
  /**
   * Why, in words.
   */
  reason: string;
  /**
   * The relation that it names.
   */
  relation: string;
  /**
   * What it fails with; null where nothing is raised and the result is wrong.
   */
  sqlstate: string | null;
  /**
   * Where their code does it: the first 20 places.
   */
  uses?: Use[];
  /**
   * The deployed versions for which it holds, where their code was read.
   */
  versions?: string[];
}
/**
 * A place in the code of a deployed version that uses a relation or a column.
 */
export interface Use {
  /**
   * How sure that is.
   */
  certainty: "possible" | "likely" | "certain";
  /**
   * The column in which it starts, from 1.
   */
  column: number;
  /**
   * One past its last byte.
   */
  end: number;
  /**
   * Path of the file, from the top of the repository.
   */
  file: string;
  /**
   * The line in which it starts, from 1.
   */
  line: number;
  /**
   * The name of the prepared statement that it is part of.
   */
  prepared?: string;
  /**
   * What is done there.
   */
  role: "select" | "filter" | "insert" | "update" | "delete" | "returning" | "conflict" | "named" | "type";
  /**
   * Its first byte.
   */
  start: number;
  /**
   * The version: the name by which it was asked for, and its commit.
   */
  version: string;
  /**
   * Why it counts as a use, in words.
   */
  why: string;
}
/**
 * A lock that a statement takes.
 */
export interface Lock {
  /**
   * Only taken if a condition in code holds.
   */
  conditional: boolean;
  /**
   * Its mode.
   */
  mode:
    | "AccessShare"
    | "RowShare"
    | "RowExclusive"
    | "ShareUpdateExclusive"
    | "Share"
    | "ShareRowExclusive"
    | "Exclusive"
    | "AccessExclusive";
  /**
   * Made in the same pending set: nobody else can be waiting.
   */
  new: boolean;
  /**
   * The relation.
   */
  relation: string;
}
/**
 * A way in which a statement can fail.
 */
export interface Failure {
  /**
   * Why.
   */
  cause:
    | "not-null"
    | "check"
    | "unique"
    | "foreign-key"
    | "exclude"
    | "cast"
    | "needs-using"
    | "default-cast"
    | "used-elsewhere"
    | "in-transaction"
    | "enum-value-too-early"
    | "dependents"
    | "missing"
    | "duplicate"
    | "version"
    | "write"
    | "copy"
    | "partition-bound"
    | "refused"
    | "syntax"
    | "observed";
  /**
   * How sure that is.
   */
  certainty: "depends-on-data" | "if-rows" | "always";
  /**
   * The column it is about.
   */
  column: string | null;
  /**
   * The relation it is about.
   */
  relation: string | null;
  /**
   * What the server would raise.
   */
  sqlstate: string;
  /**
   * When, in words.
   */
  when: string;
}
/**
 * What goes, or changes its name, and no deployed version declares or names.
 */
export interface UnnoticedByCode {
  /**
   * The column, where it is about one.
   */
  column: string | null;
  /**
   * The relation.
   */
  relation: string;
  /**
   * The versions whose code was read.
   */
  versions: string[];
}
/**
 * A data change.
 */
export interface Write {
  /**
   * Made in the same pending set.
   */
  new: boolean;
  /**
   * What is done to its rows.
   */
  operation: "select" | "insert" | "update" | "delete" | "upsert";
  /**
   * The table.
   */
  relation: string;
  /**
   * No WHERE, or one that is always true.
   */
  whole: boolean;
}
