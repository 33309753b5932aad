import { eq, sql } from "drizzle-orm";
import { withReplicas } from "drizzle-orm/pg-core";
import { type Database, type Transaction, db, orders, posts, users } from "@/db";

// 168. queries of a transaction
export function transfer(id: number, email: string) {
  return db.transaction(async (tx) => {
    await tx.update(users).set({ email }).where(eq(users.id, id)); //~ certain update users.email; certain filter users.id
    await tx.insert(orders).values({ userId: id, total: "1" }); //~ certain insert orders.*
    return await tx.query.users.findFirst({ columns: { role: true } }); //~ certain select users.role
  });
}

// 169. a transaction in a transaction, with a name that hides the outer one
export function savepoint(id: number) {
  return db.transaction(async (tx) => {
    await tx.transaction(async (tx) => {
      await tx.query.posts.findMany({ columns: { title: true } }); //~ certain select posts.title
      await tx.execute(sql`update posts set body = null where id = ${id}`); //~ certain update posts.body; certain filter posts.id
    });
  });
}

// 170. a function that is given the transaction
async function pay(tx: Transaction, id: number) {
  await tx.update(orders).set({ status: "paid" }).where(eq(orders.id, id)); //~ certain update orders.status; certain filter orders.id
}

export function checkout(id: number) {
  return db.transaction((tx) => pay(tx, id));
}

// 171. a database or a transaction, whichever is given
export function either(id: number, conn: Database | Transaction = db) {
  return conn.delete(posts).where(eq(posts.id, id)); //~ certain delete posts; certain filter posts.id
}

// 172. replicas
const replicated = withReplicas(db, [db]);

export function replica() {
  return replicated.select({ email: users.email }).from(users); //~ certain select users.email
}

// 173. the primary of replicas
export function primary() {
  return replicated.$primary.select({ name: users.fullName }).from(users); //~ certain select users.full_name
}
