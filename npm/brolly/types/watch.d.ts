// Made from the JSON Schema of the output by `cargo xtask codegen`.

/**
 * Something that a watch tells. Times are seconds.
 */
export type WatchLine = Begun | Sample | Verdict;

/**
 * The first line.
 */
export interface Begun {
  /**
   * What it is held against; `null` where a baseline is taken.
   */
  baseline: BaselineTold | null;
  /**
   * The database.
   */
  database: string;
  /**
   * How long it is between two looks.
   */
  every: number;
  /**
   * Host and port, or the folder of the socket.
   */
  host: string;
  /**
   * The version, as the server words it.
   */
  server: string;
  /**
   * For how long it is watched.
   */
  watched: number;
  event: "begun";
}
/**
 * What a watch is held against.
 */
export interface BaselineTold {
  /**
   * For how long.
   */
  seconds: number;
  /**
   * When it was taken, in UTC; `null` where it is the beginning of this watch.
   */
  taken: string | null;
}
/**
 * One look at the server.
 */
export interface Sample {
  /**
   * When, since the watch began.
   */
  at: number;
  /**
   * Connections of clients.
   */
  connections: Connections | null;
  /**
   * Indexes that are invalid and not being built.
   */
  invalid_indexes: Index[] | null;
  /**
   * Replicas: those that read from this server, and those that were named.
   */
  replicas: Replica[];
  /**
   * How long ago the look before was; zero for the first.
   */
  seconds: number;
  /**
   * Replication slots.
   */
  slots: Slot[];
  /**
   * What `pg_stat_statements` counted since the look before.
   */
  statements: Slice | null;
  /**
   * Tables, the largest first; looked at less often than the rest.
   */
  tables: Table[] | null;
  /**
   * Why the server could not be asked. All else is empty then.
   */
  unreachable: string | null;
  /**
   * Sessions of clients that wait for a lock, the longest first.
   */
  waits: Wait[] | null;
  /**
   * What the database counted since the look before; `null` in the first, and where the counters were reset.
   */
  work: Work | null;
  event: "sample";
}
/**
 * Connections of clients, our own left out.
 */
export interface Connections {
  /**
   * Those that run a statement.
   */
  active: number;
  /**
   * Those whose state this role may not see.
   */
  hidden: number;
  /**
   * Those with an open transaction and nothing to do.
   */
  idle_in_transaction: number;
  /**
   * How long the longest of those has had nothing to do.
   */
  longest_idle: number;
  /**
   * The most that the server takes of ordinary roles.
   */
  most: number;
  /**
   * To the whole server.
   */
  used: number;
}
/**
 * An index.
 */
export interface Index {
  /**
   * What to do.
   */
  cure: string;
  /**
   * `schema.name`.
   */
  name: string;
  /**
   * What was seen of it.
   */
  what: string;
}
/**
 * A replica.
 */
export interface Replica {
  /**
   * WAL that it has not replayed.
   */
  bytes: number | null;
  /**
   * How far it is behind, where that is known. Zero where all was replayed.
   */
  lag: number | null;
  /**
   * Its `application_name`, or else its address.
   */
  name: string;
  /**
   * Why a replica that was named could not be asked.
   */
  trouble: string | null;
}
/**
 * A replication slot.
 */
export interface Slot {
  /**
   * Whether somebody reads it.
   */
  active: boolean;
  /**
   * WAL that is kept for it.
   */
  bytes: number;
  /**
   * Its name.
   */
  name: string;
}
/**
 * What statements did since the look before.
 */
export interface Slice {
  /**
   * How often one was run to its end.
   */
  calls: number;
  /**
   * Milliseconds that all of them took.
   */
  milliseconds: number;
  /**
   * Those that took most of it, a few.
   */
  most: Statement[];
}
/**
 * A statement, by its text without values.
 */
export interface Statement {
  /**
   * How often it was run to its end.
   */
  calls: number;
  /**
   * What stands for the whole text: the same before a deploy and after it, on each server and version.
   */
  id: string;
  /**
   * Milliseconds that this took.
   */
  milliseconds: number;
  /**
   * The text, cut.
   */
  text: string;
}
/**
 * A table.
 */
export interface Table {
  /**
   * With TOAST, without indexes.
   */
  bytes: number;
  /**
   * Old versions of rows that no vacuum has cleared, as the server estimates them.
   */
  dead: number;
  /**
   * Its indexes.
   */
  index_bytes: number;
  /**
   * Rows, as the server estimates them.
   */
  live: number;
  /**
   * `schema.name`.
   */
  name: string;
}
/**
 * A session that waits for a lock.
 */
export interface Wait {
  /**
   * Who is in the way; those that wait themselves are among them.
   */
  blockers: Session[];
  /**
   * `relation`, `transactionid`, `tuple`, `advisory` ..
   */
  lock: string;
  /**
   * The mode that is asked for.
   */
  mode: string;
  /**
   * The relation, where one is known: `schema.name`.
   */
  relation: string | null;
  /**
   * Who waits.
   */
  session: Session;
  /**
   * For how long. Before Postgres 14: since its statement began.
   */
  waited: number;
}
/**
 * A session of the server.
 */
export interface Session {
  /**
   * Its `application_name`.
   */
  application: string;
  /**
   * Its process; `null` for a prepared transaction.
   */
  pid: number | null;
  /**
   * What it runs, or ran last, without its values.
   */
  query: string;
  /**
   * Its role.
   */
  role: string;
  /**
   * `active`, `idle in transaction` ..
   */
  state: string;
  /**
   * How long its transaction has been open.
   */
  transaction: number;
}
/**
 * What the database counted, as numbers since the look before.
 */
export interface Work {
  /**
   * Sessions whose client was gone (Postgres 14 and later).
   */
  abandoned: number | null;
  /**
   * Transactions that were committed. Our own looks are a few of them.
   */
  commits: number;
  /**
   * Queries of a replica that were cancelled for what it replays.
   */
  conflicts: number;
  /**
   * Deadlocks.
   */
  deadlocks: number;
  /**
   * Sessions that ended with an error (Postgres 14 and later).
   */
  fatal: number | null;
  /**
   * Sessions that an operator ended (Postgres 14 and later).
   */
  killed: number | null;
  /**
   * Transactions that were rolled back: by the app, or since a statement failed.
   */
  rollbacks: number;
}
/**
 * The last line; not there where a baseline is taken.
 */
export interface Verdict {
  /**
   * How to take the deploy's migrations back.
   */
  back: WayBack;
  /**
   * What it is held against.
   */
  baseline: BaselineTold;
  /**
   * What was judged.
   */
  findings: Finding[];
  /**
   * Whether it was ended early.
   */
  interrupted: boolean;
  /**
   * How often it was looked at in that time.
   */
  looks: number;
  /**
   * For how long the server was watched, the baseline left out where it is the beginning.
   */
  seconds: number;
  /**
   * The worst state of all.
   */
  state: "ok" | "unknown" | "worse" | "bad";
  /**
   * How statements changed, what takes most time first, no more than a hundred; `null` where that can't be told.
   */
  statements: Change[] | null;
  event: "verdict";
}
/**
 * How to take the deploy's migrations back.
 */
export interface WayBack {
  /**
   * What to run, in this order; empty where nothing is to be taken back.
   */
  commands: string[];
  /**
   * The migrations, the newest first.
   */
  migrations: string[];
  /**
   * What is to know about it, on one line.
   */
  what: string;
}
/**
 * One thing that was judged.
 */
export interface Finding {
  /**
   * What to do, on one line; `null` where nothing is to be done.
   */
  cure: string | null;
  /**
   * The numbers behind it; `.._before` is that of the baseline. Times are seconds, sizes bytes, shares from 0 to 1.
   */
  numbers: {
    [k: string]: number;
  };
  /**
   * The table, index, statement, replica or slot it is about, where it is about one.
   */
  object: string | null;
  /**
   * How it is.
   */
  state: "ok" | "unknown" | "worse" | "bad";
  /**
   * What it belongs to.
   */
  topic: "server" | "connections" | "locks" | "errors" | "statements" | "replication" | "tables" | "indexes";
  /**
   * What was seen, on one line.
   */
  what: string;
}
/**
 * How a statement went before and after.
 */
export interface Change {
  /**
   * Calls now.
   */
  calls: number;
  /**
   * Calls before.
   */
  calls_before: number;
  /**
   * What stands for the text.
   */
  id: string;
  /**
   * What became of it.
   */
  kind: "known" | "new" | "gone";
  /**
   * Milliseconds a second that all its calls take now: 1000 is one whole core, or one session that waits all the
   * time.
   */
  load: number;
  /**
   * Milliseconds a call now; `null` where it is not sent.
   */
  mean: number | null;
  /**
   * Milliseconds a call before; `null` where it was not sent.
   */
  mean_before: number | null;
  /**
   * Calls a second now.
   */
  rate: number;
  /**
   * Calls a second before.
   */
  rate_before: number;
  /**
   * The text without values, cut.
   */
  text: string;
}
