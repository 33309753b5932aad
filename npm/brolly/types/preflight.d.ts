// Made from the JSON Schema of the output by `cargo xtask codegen`.

/**
 * What `brolly preflight --format json` prints: the one document of a database, or with `--targets` a line for each of
 * them and one of all.
 */
export type PreflightLine =
  | Preflight
  | (
      | {
          event: "failed";
          /**
           * Why: the first line says what, the others what to do.
           */
          message: string;
          /**
           * What it is called.
           */
          target: string;
        }
      | {
          event: "summary";
          /**
           * How many could not be looked at.
           */
          failed: number;
          /**
           * In how many nothing is in the way.
           */
          ok: number;
          /**
           * In how many a migration would fail, or must not run.
           */
          stop: number;
          /**
           * Each of them, in the order of the file.
           */
          targets: PreflightEnd[];
          /**
           * In how many nothing is, as far as it could be looked at.
           */
          unknown: number;
          /**
           * In how many a migration would hurt, or wait.
           */
          warning: number;
        }
    );
/**
 * How something is, the best first.
 */
export type PreflightState = "ok" | "unknown" | "warning" | "stop";

/**
 * A database before a migration.
 */
export interface Preflight {
  /**
   * What was looked at.
   */
  checks: PreflightCheck[];
  /**
   * The database.
   */
  database: string;
  /**
   * Host and port, or the folder of the socket.
   */
  host: string;
  /**
   * What is pending, and was looked at for; `null` where the ledger may not be read.
   */
  pending: string[] | null;
  /**
   * The migrations folder.
   */
  project: string;
  /**
   * The version, as the server words it.
   */
  server: string;
  /**
   * The worst state of all.
   */
  state: "ok" | "unknown" | "warning" | "stop";
  /**
   * With `--targets`: what it is called.
   */
  target?: string;
  /**
   * The version of this format.
   */
  version: number;
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
 * How a target is.
 */
export interface PreflightEnd {
  /**
   * The worst state of all that was looked at; `null` where it could not be looked at.
   */
  state: PreflightState | null;
  /**
   * What it is called.
   */
  target: string;
  /**
   * The worst that was found, or why it could not be looked at; `null` where nothing is in the way.
   */
  why: string | null;
}
