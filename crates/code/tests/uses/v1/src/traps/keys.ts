import { db } from "~/db";

// 289. trap: v1: filters that are not for the database
export async function filters() {
  const where = { email: "x", posts: { title: "y" } };
  const rows = await db.query.groups.findMany({ columns: { id: true } }); //~ certain select groups.id
  return rows.filter((users) => users.id > 1 && where.email);
}

// 290. trap: v1: relations of another library with the same words
export function other(client: { users: { findMany(args: object): unknown[] } }) {
  return client.users.findMany({ where: { email: "x" }, orderBy: { createdAt: "desc" }, with: { posts: true } });
}
