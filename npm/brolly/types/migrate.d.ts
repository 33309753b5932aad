// Made from the JSON Schema of the output by `cargo xtask codegen`.

/**
 * Something that happens while migrations run, or are taken back. Times are milliseconds.
 */
export type MigrateLine =
  | {
      /**
       * What an earlier run has begun and not brought to its end.
       */
      begun?: BegunLine[];
      /**
       * The database.
       */
      database: string;
      /**
       * What was edited after it ran.
       */
      edited: string[];
      event: "pending";
      /**
       * Host and port, or the folder of the socket.
       */
      host: string;
      /**
       * What will run, or would.
       */
      pending: string[];
      /**
       * The migrations folder.
       */
      project: string;
      /**
       * The version, as the server words it.
       */
      server: string;
      /**
       * What Drizzle skips, since the ledger has a later row.
       */
      skipped: string[];
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
      /**
       * Rows of the ledger that belong to no file.
       */
      unknown: string[];
    }
  | {
      /**
       * What was seen.
       */
      checks: PreflightCheck[];
      event: "preflight";
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
    }
  | {
      event: "allowed";
      /**
       * The reason.
       */
      reason: string;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
      /**
       * What.
       */
      what: string;
    }
  | {
      event: "would_run";
      /**
       * The migration.
       */
      migration: string;
      /**
       * What has to be so before the migration runs, as its head says: asked of a database when it is its turn.
       */
      needs: string[];
      /**
       * Its statements.
       */
      statements: WouldRun[];
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
      /**
       * Whether it is a transaction; else a statement that can't run in one.
       */
      transaction: boolean;
    }
  | {
      event: "waits_for_run";
      /**
       * Its sessions.
       */
      sessions: Session[];
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
      /**
       * So far.
       */
      waited: number;
    }
  | {
      event: "orphans";
      /**
       * The sessions.
       */
      sessions: Session[];
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
    }
  | {
      /**
       * Its number among those that run, from 1.
       */
      at: number;
      event: "migration";
      /**
       * Its tag.
       */
      migration: string;
      /**
       * How many there are.
       */
      of: number;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
    }
  | {
      event: "done_before";
      /**
       * The statements.
       */
      statements: StatementPlace[];
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
    }
  | {
      /**
       * The number of the try, from 1.
       */
      attempt: number;
      event: "statement";
      /**
       * The file.
       */
      file: string;
      /**
       * The line on which it begins, from 1.
       */
      line: number;
      /**
       * The tag of its migration.
       */
      migration: string;
      /**
       * Its text.
       */
      sql: string;
      /**
       * Its number in the file, from 1.
       */
      statement: number;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
    }
  | {
      event: "held";
      /**
       * Their sessions.
       */
      sessions: Session[];
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
      /**
       * So far.
       */
      waited: number;
    }
  | {
      event: "silent";
      /**
       * Its host.
       */
      replica: string;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
      /**
       * So far.
       */
      waited: number;
      /**
       * Why.
       */
      why: string;
    }
  | {
      event: "waits";
      /**
       * The file.
       */
      file: string;
      /**
       * The line on which it begins, from 1.
       */
      line: number;
      /**
       * The tag of its migration.
       */
      migration: string;
      /**
       * For whom.
       */
      sessions: Session[];
      /**
       * Its number in the file, from 1.
       */
      statement: number;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
    }
  | {
      /**
       * The number of the try, from 1.
       */
      attempt: number;
      event: "gave_up";
      /**
       * The file.
       */
      file: string;
      /**
       * The line on which it begins, from 1.
       */
      line: number;
      /**
       * What the server said.
       */
      message: string;
      /**
       * The tag of its migration.
       */
      migration: string;
      /**
       * The pause.
       */
      pause: number;
      /**
       * Who was in the way.
       */
      sessions: Session[];
      /**
       * Its number in the file, from 1.
       */
      statement: number;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
      /**
       * How long it waited for the lock at most.
       */
      wait: number;
    }
  | {
      /**
       * Blocks or rows done.
       */
      done: number;
      event: "building";
      /**
       * The file.
       */
      file: string;
      /**
       * The line on which it begins, from 1.
       */
      line: number;
      /**
       * The tag of its migration.
       */
      migration: string;
      /**
       * The phase, in the server's words.
       */
      phase: string;
      /**
       * Its number in the file, from 1.
       */
      statement: number;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
      /**
       * Of how many; 0 where there is nothing to count.
       */
      total: number;
    }
  | {
      event: "index";
      /**
       * Its name.
       */
      name: string;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
      /**
       * What is found and done.
       */
      what: string;
    }
  | {
      event: "migrated";
      /**
       * Its tag.
       */
      migration: string;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
      /**
       * How long it took.
       */
      time: number;
    }
  | {
      /**
       * Whether it is one that has to go well before others are begun.
       */
      canary: boolean;
      event: "begins";
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
    }
  | {
      /**
       * Backfills of what was migrated that are not finished here: `brolly backfill` is next.
       */
      backfills?: string[];
      /**
       * What another run did while this one waited.
       */
      by_others: string[];
      event: "end";
      /**
       * Why it ended early, where it did.
       */
      failed: Failed | null;
      /**
       * What this run brought to its end.
       */
      migrated: string[];
      /**
       * What `brolly rollback --run` took back, in this order; it is pending again.
       */
      taken_back?: string[];
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
    }
  | {
      /**
       * How many went well, whether or not there was something to do.
       */
      done: number;
      event: "summary";
      /**
       * How many failed.
       */
      failed: number;
      /**
       * How many were not begun.
       */
      not_started: number;
      /**
       * In how many something is pending, as `--check` finds.
       */
      pending: number;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
      /**
       * Each of them, in the order of the file.
       */
      targets: TargetEnd[];
    };

/**
 * A migration, or the way back of one, that is half run.
 */
export interface BegunLine {
  /**
   * The numbers of the statements that are done, from 1.
   */
  done: number[];
  /**
   * The migration.
   */
  migration: string;
  /**
   * Whether it is its way back.
   */
  way_back: boolean;
}
/**
 * One thing that was looked at.
 */
export interface PreflightCheck {
  /**
   * What to do, where something is to be done.
   */
  cure: string | null;
  /**
   * The numbers behind it. Times are seconds, sizes bytes.
   */
  numbers: {
    [k: string]: number;
  };
  /**
   * The table, index, slot, role or setting it is about, where it is about one.
   */
  object: string | null;
  /**
   * How it is.
   */
  state: "ok" | "unknown" | "warning" | "stop";
  /**
   * `server`, `pooler`, `rights`, `transactions`, `prepared`, `connections`, `timeouts`, `replication`,
   * `slots`, `disk`, `indexes` or `wraparound`.
   */
  topic: string;
  /**
   * What was seen.
   */
  what: string;
}
/**
 * A statement that would run, and what it does to relations that are there, as predicted.
 */
export interface WouldRun {
  /**
   * Whether an earlier run has done it, so that it is not run again.
   */
  done: boolean;
  /**
   * The file.
   */
  file: string;
  /**
   * The line on which it begins, from 1.
   */
  line: number;
  /**
   * What it locks.
   */
  locks: WouldLock[];
  /**
   * The tag of its migration.
   */
  migration: string;
  /**
   * What it writes anew.
   */
  rewrites: string[];
  /**
   * What it reads whole.
   */
  scans: string[];
  /**
   * Its text.
   */
  sql: string;
  /**
   * Its number in the file, from 1.
   */
  statement: number;
}
/**
 * A lock.
 */
export interface WouldLock {
  /**
   * The mode, as the manual writes it.
   */
  mode: string;
  /**
   * `schema.name`.
   */
  relation: string;
}
/**
 * A session of the server.
 */
export interface Session {
  /**
   * How long its transaction has been open.
   */
  age: number;
  /**
   * Its `application_name`.
   */
  application: string;
  /**
   * `client backend`, `autovacuum worker` ..
   */
  kind: string;
  /**
   * Its process; `null` for a prepared transaction.
   */
  pid: number | null;
  /**
   * What it runs, or ran last.
   */
  query: string;
  /**
   * The host of the replica that it reads on; `null` on the server that is migrated.
   */
  replica: string | null;
  /**
   * Its role.
   */
  role: string;
  /**
   * `active`, `idle in transaction` ..
   */
  state: string;
}
/**
 * A statement.
 */
export interface StatementPlace {
  /**
   * The file.
   */
  file: string;
  /**
   * The line on which it begins, from 1.
   */
  line: number;
  /**
   * The tag of its migration.
   */
  migration: string;
  /**
   * Its number in the file, from 1.
   */
  statement: number;
}
/**
 * Why a run ended early.
 */
export interface Failed {
  /**
   * What the server said beside the sentence: who is in the way, or the values of a key.
   */
  detail?: string | null;
  /**
   * What the server thinks might help.
   */
  hint?: string | null;
  /**
   * The first line says what, the others what to do.
   */
  message: string;
  /**
   * The statement that was refused, or waited in vain.
   */
  place: StatementPlace | null;
  /**
   * The SQLSTATE, where the server refused something.
   */
  sqlstate: string | null;
}
/**
 * How a target ended.
 */
export interface TargetEnd {
  /**
   * Tags of the migrations that this run brought to their end.
   */
  migrated: string[];
  /**
   * How.
   */
  state: "done" | "nothing" | "pending" | "failed" | "not_started";
  /**
   * Tags of the migrations that `brolly rollback --run` took back.
   */
  taken_back?: string[];
  /**
   * What it is called.
   */
  target: string;
  /**
   * Why it failed, where it did: the first line. Why there was nothing to take back.
   */
  why: string | null;
}
