// Made from the JSON Schema of the output by `cargo xtask codegen`.

/**
 * The document that `brolly rollback --format json` prints.
 */
export interface Document {
  /**
   * The ways back, in the order of their migrations.
   */
  rollbacks: Rollback[];
  /**
   * The version of this form, 1.
   */
  version: number;
}
/**
 * The way back of one migration.
 */
export interface Rollback {
  /**
   * The migration's tag or folder name.
   */
  migration: string;
  /**
   * Where the companion is, or would be.
   */
  path: string;
  /**
   * What to run, in order, and what is to know about it.
   */
  statements: Statement[];
  /**
   * The text of the companion.
   */
  text: string;
}
/**
 * One statement, or what is said in the place of one.
 */
export interface Statement {
  /**
   * When it fails.
   */
  failsIf: string[];
  /**
   * What running it loses, or what it brings back lacks.
   */
  lost: string[];
  /**
   * What is not undone.
   */
  notReversed: string[];
  /**
   * It runs outside of a transaction block only.
   */
  outsideTransaction: boolean;
  /**
   * The statement without a semicolon; null where there is only something to say.
   */
  sql: string | null;
  /**
   * Index of the statement of the migration that it undoes.
   */
  undoes: number;
}
