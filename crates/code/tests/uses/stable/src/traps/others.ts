import { drizzle } from "drizzle-orm/mysql-proxy";
import { int, mysqlTable, varchar } from "drizzle-orm/mysql-core";
import { OtherClient } from "other-orm";

const users = mysqlTable("users", {
  id: int("id").primaryKey(),
  email: varchar("email", { length: 255 }),
  fullName: varchar("full_name", { length: 255 }),
});

const mysql = drizzle(async () => ({ rows: [] }), { schema: { users } });

// 222. trap: a table of another dialect
export function ofMysql() {
  return mysql.select().from(users);
}

// 223. trap: a relational query of another dialect
export function queryOfMysql() {
  return mysql.query.users.findMany({ columns: { email: true } });
}

const db = new OtherClient();

// 224. trap: another library with the same words
export async function ofAnother(email: string) {
  await db.users.findMany({ where: { email }, select: { fullName: true } });
  await db.users.delete({ where: { email } });
  return await db.query.users.findFirst({ columns: { email: true }, with: { posts: true } });
}
