import { eq, sql as drizzleSql, param } from "drizzle-orm";
import { db, posts, users } from "@/db";

/** Only joins the pieces of a template: nothing is sent. */
const sql = (texts: TemplateStringsArray, ...values: unknown[]) => texts.join("?") + values.length;

// 232. trap: a tag with the name of drizzle's
export function local() {
  return sql`select full_name from users`;
}

// 233. trap: a text in SQL is no column
export function literal() {
  return db.execute(drizzleSql`select 'full_name' as label from users`); //~ certain select users
}

// 234. trap: comments in SQL
export function commented() {
  return db.execute(drizzleSql`select id /* full_name */ from users /* where email is null */`); //~ certain select users.id
}

// 235. trap: the name of an output column
export function output() {
  return db.execute(drizzleSql`select id as full_name from users order by full_name`); //~ certain select users.id
}

// 236. trap: a table that is not declared
export function undeclared() {
  return db.execute(drizzleSql`select full_name, email from legacy_people`);
}

// 237. trap: a table with the same name in another schema
export function elsewhere() {
  return db.execute(drizzleSql`select full_name from archive.users`);
}

// 238. trap: a key in JSON
export function json() {
  return db.execute(drizzleSql`select settings ->> 'email' from users`); //~ certain select users.settings
}

// 239. trap: a column of an undeclared table beside a declared one
export function joined() {
  return db.execute(drizzleSql`select l.full_name from users u join legacy_people l on l.id = u.id`); //~ certain filter users.id
}

// 240. trap: a column that only says how to read a value
export function decoder() {
  return db.select({ last: drizzleSql`max(${posts.updatedAt})`.mapWith(posts.createdAt) }).from(posts); //~ certain select posts.updated_at
}

// 241. trap: a column that only says how to write a value
export function encoder(email: string) {
  return db.select({ id: users.id }).from(users).where(eq(users.email, param(email, users.fullName))); //~ certain select users.id; certain filter users.email
}

// 242. trap: names of tables and columns as values
export function catalog() {
  return db.execute(drizzleSql`select data_type from information_schema.columns where table_name = 'users' and column_name = 'full_name'`);
}

// 243. trap: the name of a window, of a function and of a type
export function otherNames() {
  return db.execute(drizzleSql`select rank() over email, left(title, 1), null::role from posts window email as (order by views)`); //~ certain select posts.title; certain filter posts.views
}
