// Made from the JSON Schema of the output by `cargo xtask codegen`.

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
