// Made from the JSON Schema of the output by `cargo xtask codegen`.

/**
 * Something that happened. Printed as a line of JSON each by `brolly backfill --format json`.
 */
export type Event =
  | {
      /**
       * The backfill: the name of its file without `.sql`.
       */
      backfill: string;
      /**
       * Rows changed by earlier runs.
       */
      changed: number;
      event: "started";
      /**
       * Which run through the table this is, from 1.
       */
      pass: number;
      /**
       * Rows looked at by earlier runs, in this pass.
       */
      passed: number;
      /**
       * The server processes of this run, as in `pg_stat_activity.pid`: the one that changes rows, and the one
       * that looks on.
       *
       * @minItems 2
       * @maxItems 2
       */
      pids: [number, number];
      /**
       * Whether batches of it were done before.
       */
      resumed: boolean;
      /**
       * The table as the file names it.
       */
      table: string;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
      /**
       * Rows of the table, as the planner estimates them.
       */
      total: number;
    }
  | {
      /**
       * The backfill.
       */
      backfill: string;
      /**
       * Batches until now, of all runs.
       */
      batch: number;
      /**
       * Rows changed until now.
       */
      changed: number;
      event: "batch";
      /**
       * How long it took.
       */
      millis: number;
      /**
       * Rows that the next one is to look at.
       */
      next: number;
      /**
       * Rows looked at until now, in this pass.
       */
      passed: number;
      /**
       * Rows that are looked at in a second, over the last batches with their pauses.
       */
      rate: number;
      /**
       * Rows that this one changed.
       */
      rows: number;
      /**
       * Seconds until the end of the pass, at that rate.
       */
      secondsLeft: number | null;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
      /**
       * Rows of the table, as the planner estimates them.
       */
      total: number;
    }
  | {
      /**
       * The backfill.
       */
      backfill: string;
      event: "held";
      /**
       * What.
       */
      reason: Reason;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
    }
  | {
      /**
       * The backfill.
       */
      backfill: string;
      event: "released";
      /**
       * How long it was held.
       */
      millis: number;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
    }
  | {
      /**
       * The backfill.
       */
      backfill: string;
      event: "retried";
      /**
       * The server's words.
       */
      message: string;
      /**
       * Rows of the next try.
       */
      next: number;
      /**
       * The five characters by which the server named it.
       */
      sqlstate: string;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
      /**
       * Which try failed, from 1.
       */
      tries: number;
    }
  | {
      /**
       * The backfill.
       */
      backfill: string;
      event: "reconnecting";
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
      /**
       * Which try it is, from 1.
       */
      tries: number;
      /**
       * Why it was cut, or why the last try failed.
       */
      why: string;
    }
  | {
      /**
       * The backfill.
       */
      backfill: string;
      event: "again";
      /**
       * Rows that are left.
       */
      left: number;
      /**
       * The number of the pass to come.
       */
      pass: number;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
    }
  | {
      /**
       * The backfill.
       */
      backfill: string;
      event: "anew";
      /**
       * The table, or the partition.
       */
      table: string;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
    }
  | {
      /**
       * The backfill.
       */
      backfill: string;
      event: "vacuum";
      /**
       * Why it, or a partition of it, is not, where that is so.
       */
      skipped: string | null;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
    }
  | Standing
  | Estimate
  | {
      /**
       * The backfill.
       */
      backfill: string;
      /**
       * Rows changed, by all runs.
       */
      changed: number;
      event: "ended";
      /**
       * How.
       */
      how: "finished" | "wasFinished" | "paused" | "cancelled" | "taken" | "waits" | "failed" | "interrupted";
      /**
       * Rows that its `where` still finds, where that can be asked.
       */
      left: number | null;
      /**
       * How long this run took.
       */
      millis: number;
      /**
       * With `--targets`: what it is about.
       */
      target?: string;
      /**
       * Why it failed or was not begun, or who else runs it.
       */
      why: string | null;
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
       * How many went well.
       */
      done: number;
      event: "summary";
      /**
       * How many did not.
       */
      failed: number;
      /**
       * How many were not begun.
       */
      not_started: number;
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
 * Why a backfill is held.
 */
export interface Reason {
  /**
   * Its kind.
   */
  cause: "paused" | "flag" | "query" | "replica" | "archiver" | "autovacuum" | "waiters" | "active";
  /**
   * In words, with the amounts.
   */
  what: string;
}
/**
 * How one stands, as `--status` asks.
 */
export interface Standing {
  /**
   * The name of its file without `.sql`.
   */
  backfill: string;
  /**
   * Batches that were committed.
   */
  batches: number;
  /**
   * Rows changed.
   */
  changed: number;
  /**
   * Whether its file is another one than it was begun with.
   */
  edited: boolean;
  /**
   * Rows that were left when it was last counted.
   */
  left: number | null;
  /**
   * Which run through the table this is, from 1.
   */
  pass: number;
  /**
   * Rows looked at in this pass.
   */
  passed: number;
  /**
   * The server process that holds its lock, while a run is alive.
   */
  pid: number | null;
  /**
   * When it began, as the server writes times.
   */
  started: string | null;
  /**
   * Where it is. Running and throttled ones whose run is gone are pending.
   */
  state: "pending" | "running" | "paused" | "throttled" | "failed" | "finished" | "cancelled";
  /**
   * Rows of the table, as estimated when it began.
   */
  total: number;
  /**
   * When it was last heard of.
   */
  updated: string | null;
  /**
   * What holds it, or why it failed.
   */
  why: string | null;
  event: "standing";
  /**
   * With `--targets`: what it is about.
   */
  target?: string;
}
/**
 * What one would do, as `--dry-run` asks.
 */
export interface Estimate {
  /**
   * The backfill.
   */
  backfill: string;
  /**
   * Rows of the first batch.
   */
  batch: number;
  /**
   * Rows of the table, as the planner estimates them.
   */
  rows: number;
  /**
   * Roughly how long it takes, in seconds, with nothing that holds it.
   */
  seconds: number;
  /**
   * The statement of the first batch.
   */
  statement: string | null;
  /**
   * The table as the file names it.
   */
  table: string;
  /**
   * Rows that are to be changed, where they could be counted in short time.
   */
  toChange: number | null;
  event: "estimate";
  /**
   * With `--targets`: what it is about.
   */
  target?: string;
}
/**
 * How the backfills of a target ended.
 */
export interface TargetEnd {
  /**
   * How.
   */
  state: "done" | "failed" | "not_started";
  /**
   * What it is called.
   */
  target: string;
  /**
   * What is in the way, where something is.
   */
  why: string | null;
}
