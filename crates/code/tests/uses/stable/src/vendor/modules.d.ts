/** Packages of which nothing is known here. */
declare module "run-sql" {
  export function runSql(text: string, values?: unknown[]): Promise<{ [column: string]: unknown }[]>;
}
declare module "session-adapter" {
  export function SessionAdapter(db: unknown, tables: Record<string, unknown>): object;
}
declare module "other-orm" {
  interface Find {
    findMany(args?: object): Promise<any[]>;
    findFirst(args?: object): Promise<any>;
    delete(args?: object): Promise<void>;
  }
  export class OtherClient {
    users: Find;
    posts: Find;
    query: { users: Find; posts: Find };
  }
}
declare namespace JSX {
  interface IntrinsicElements {
    [name: string]: any;
  }
}
