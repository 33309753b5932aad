// Made from the JSON Schema of the output by `cargo xtask codegen`.

/**
 * What the ledger says of a migration, or a row that belongs to none.
 */
export interface LedgerLine {
  /**
   * Of a migration that is half run: the numbers of the statements that are done, from 1.
   */
  done?: number[] | null;
  /**
   * The tag of the migration; left out for a row that belongs to none.
   */
  migration?: string | null;
  /**
   * The row that belongs to no migration of the folder, in words.
   */
  row?: string | null;
  /**
   * How it stands.
   */
  state: "applied" | "pending" | "skipped" | "edited" | "orphan";
  /**
   * Of a migration whose way back is half run: the numbers of the statements of that which are done, from 1.
   */
  taken_back?: number[] | null;
  /**
   * With `--targets`: in which.
   */
  target?: string | null;
}
