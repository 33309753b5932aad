import { type SQL, and, asc, eq, ilike, isNull, sql } from "drizzle-orm";
import type { AnyPgColumn, PgSelect, PgTable } from "drizzle-orm/pg-core";
import { bookmarks, comments, db, orders, posts, projects, sessions, users } from "@/db";

// 130. a function that returns a condition
const hasEmail = (email: string) => eq(users.email, email); //~ likely named users.email

export function byHelper(email: string) {
  return db.select({ id: users.id }).from(users).where(hasEmail(email)); //~ certain select users.id
}

// 131. conditions gathered in a list
export function byList(name?: string, role?: "member" | "admin") {
  const conditions: SQL[] = [isNull(users.deletedAt)]; //~ likely named users.deleted_at
  if (name) conditions.push(ilike(users.fullName, name)); //~ likely named users.full_name
  if (role) conditions.push(eq(users.role, role)); //~ likely named users.role
  return db.select({ id: users.id }).from(users).where(and(...conditions)); //~ certain select users.id
}

function page<T extends PgSelect>(query: T, by: AnyPgColumn) {
  return query.orderBy(by).limit(10);
}

// 132. a column that is handed to a function of the app
export function paged() {
  return page(db.select({ id: posts.id }).from(posts).$dynamic(), posts.views); //~ certain select posts.id; likely named posts.views
}

async function removeById(table: PgTable & { id: AnyPgColumn }, id: number) {
  await db.delete(table).where(eq(table.id, id));
}

// 133. a table that is handed to a function of the app
export function removeProject(id: number) {
  return removeById(projects, id); //~ likely named acme_projects.*
}

// 134. a map of columns, one of them chosen at run time
const SORTS = {
  title: posts.title, //~ likely named posts.title
  newest: posts.createdAt, //~ likely named posts.created_at
};

export function sortedBy(sort: keyof typeof SORTS) {
  return db.select({ id: posts.id }).from(posts).orderBy(asc(SORTS[sort])); //~ certain select posts.id
}

// 135. a key that is not known: any column
export function sortedByKey(key: "email" | "fullName") {
  return db.select({ id: users.id }).from(users).orderBy(users[key]); //~ certain select users.id; possible filter users.*
}

// 136. a map of tables, one of them chosen at run time
const TABLES = { order: orders, comment: comments }; //~ likely named orders.*; likely named comments.*

export function wipe(kind: keyof typeof TABLES) {
  return db.delete(TABLES[kind]);
}

// 137. columns under a condition
export function maybe(withName: boolean) {
  return db
    .select({
      id: users.id, //~ certain select users.id
      ...(withName ? { name: users.fullName } : {}), //~ likely select users.full_name
    })
    .from(users);
}

// 138. one table or the other
export function oneOrOther(kept: boolean) {
  const table = kept ? bookmarks : sessions; //~ likely named bookmarks.*; likely named auth.sessions.*
  return db.delete(table);
}

// 139. a fragment that is exported, for queries elsewhere
export const initials = sql<string>`left(${users.fullName}, 1)`; //~ likely named users.full_name
