// Made from the JSON Schema of the output by `cargo xtask codegen`.

/**
 * What `brolly lint --format json` prints. Byte offsets count bytes of a file's text in UTF-8, a byte order
 * mark left out; lines and columns count from 1, columns in characters. Relations are named as Postgres
 * stores them: schema and name, unquoted (`public.users`).
 */
export interface LintReport {
  /**
   * What was found, by migration and then by harm.
   */
  findings: Finding[];
  /**
   * What was judged.
   */
  selection: Selection;
  /**
   * How much was found.
   */
  summary: Summary;
  /**
   * What wrote it.
   */
  tool: Tool;
  /**
   * What the migrations take away and no deployed version declares or names, where the code of all of
   * them was read.
   */
  unnoticed: Unnoticed[];
  /**
   * Goes up when a field is removed or changes its meaning. New fields may appear at any time.
   */
  version: 1;
}
/**
 * One finding: what, why, what to do, and where.
 */
export interface Finding {
  /**
   * The reason that an allowing comment gives. Such a finding fails no run, and is left out of the
   * numbers by weight.
   */
  accepted: string | null;
  /**
   * The column in which it starts.
   */
  column: number;
  /**
   * The commit, where it is a file of the deployed code and not the one of now.
   */
  commit?: string;
  /**
   * One past its last byte.
   */
  end: number;
  /**
   * One past its last character.
   */
  endColumn: number;
  /**
   * The line in which it ends.
   */
  endLine: number;
  /**
   * Worked out from the SQL, or seen on a server.
   */
  evidence: "predicted" | "observed";
  /**
   * Path, relative to where brolly was started.
   */
  file: string;
  /**
   * The harm.
   */
  group:
    "breaks-old-app" | "breaks-new-app" | "loses-data" | "fails" | "blocks" | "journal" | "advice" | "input";
  /**
   * The line in which it starts.
   */
  line: number;
  /**
   * Tag of the migration in the journal, or name of its folder, where it is about one.
   */
  migration: string | null;
  /**
   * More places that explain it.
   */
  related: Related[];
  /**
   * The table or view it is about.
   */
  relation: string | null;
  /**
   * The way out.
   */
  remedy: Remedy;
  /**
   * Name of the rule, as in `brolly explain` and in ignore comments.
   */
  rule: string;
  /**
   * The weight.
   */
  severity: "info" | "warning" | "error";
  /**
   * Its first byte.
   */
  start: number;
  /**
   * Index of the statement in the migration, from 0, where it is about one.
   */
  statement: number | null;
  /**
   * One sentence with the names in it.
   */
  what: string;
  /**
   * The facts behind it, one an item.
   */
  why: string[];
}
/**
 * A further place that explains a finding.
 */
export interface Related {
  /**
   * The column in which it starts.
   */
  column: number;
  /**
   * The commit, where it is a file of the deployed code and not the one of now.
   */
  commit?: string;
  /**
   * One past its last byte.
   */
  end: number;
  /**
   * One past its last character.
   */
  endColumn: number;
  /**
   * The line in which it ends.
   */
  endLine: number;
  /**
   * Path, relative to where brolly was started.
   */
  file: string;
  /**
   * The line in which it starts.
   */
  line: number;
  /**
   * Its first byte.
   */
  start: number;
  /**
   * What is to be seen there.
   */
  text: string;
}
/**
 * What to do about a finding.
 */
export interface Remedy {
  /**
   * SQL, TypeScript or shell to copy.
   */
  code: string | null;
  /**
   * Plain steps.
   */
  text: string;
}
/**
 * What was judged.
 */
export interface Selection {
  /**
   * Their tags, or names of folders.
   */
  migrations: string[];
  /**
   * The major version of Postgres that they were judged for.
   */
  postgres: number;
  /**
   * Which migrations were judged, and why those, in words.
   */
  text: string;
}
/**
 * How much was found. Accepted findings are in `accepted` only.
 */
export interface Summary {
  /**
   * Findings that a comment allows.
   */
  accepted: number;
  /**
   * Findings of severity `error`.
   */
  errors: number;
  /**
   * How many migrations were judged.
   */
  migrations: number;
  /**
   * How many of them have findings.
   */
  migrationsWithFindings: number;
  /**
   * Findings of severity `info`.
   */
  notes: number;
  /**
   * Findings of severity `warning`.
   */
  warnings: number;
}
/**
 * The program that wrote it.
 */
export interface Tool {
  /**
   * `brolly`.
   */
  name: string;
  /**
   * Its version.
   */
  version: string;
}
/**
 * What goes, or changes its name, and no deployed version notices.
 */
export interface Unnoticed {
  /**
   * The column, where it is about one.
   */
  column: string | null;
  /**
   * Tag of the migration that takes it away.
   */
  migration: string;
  /**
   * `schema.name`.
   */
  relation: string;
  /**
   * The commit since which no code names it, shortened, where that was looked up.
   */
  since: string | null;
  /**
   * The versions whose code was read.
   */
  versions: string[];
}
