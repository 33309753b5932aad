import { eq } from "drizzle-orm";
import { db, posts, schema, users } from "@/db";

// 226. trap: a parameter with the name of a table
export function adults(users: { email: string; age: number }[]) {
  return users.filter((user) => user.age > 17).map((user) => user.email);
}

// 227. trap: a variable of a block with the name of a table; outside of the block it is the table
export function blocks() {
  {
    const users = { email: "a@example.org", fullName: "A" };
    console.log(users.email, users.fullName);
  }
  return db.select({ id: users.id }).from(users); //~ certain select users.id
}

// 228. trap: rows with the name of their table
export async function rows() {
  const posts = await db.select({ id: schema.posts.id }).from(schema.posts); //~ certain select posts.id
  return posts.map((post) => ({ posts, title: post.id }));
}

// 229. trap: a loop's variable, and that of catch
export function loops(groups: { id: number; email: string }[]) {
  try {
    for (const users of groups) {
      console.log(users.id, users.email);
    }
  } catch (posts) {
    console.error((posts as Error).message);
  }
}

// 230. trap: a database that is none
export function cache() {
  const db = new Map<unknown, number>([[users, 1]]);
  db.delete(users);
  return db.get(posts.id);
}

// 231. trap: the row of a callback has the name of a table
export async function callback() {
  const list = await db.query.users.findMany({ columns: { id: true } }); //~ certain select users.id
  return list.map((users) => eq(posts.id, users.id)); //~ likely named posts.id
}
