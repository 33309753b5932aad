import { and, arrayContains, asc, between, desc, eq, gt, ilike, inArray, isNotNull, isNull, like, ne, not, or, sql } from "drizzle-orm";
import * as orm from "drizzle-orm";
import { db, orders, posts, users } from "@/db";

// 6. where(eq())
export function byEmail(email: string) {
  return db.select({ id: users.id }).from(users).where(eq(users.email, email)); //~ certain select users.id; certain filter users.email
}

// 7. conditions in conditions
export function search(name: string, ids: number[]) {
  return db
    .select({ id: users.id }) //~ certain select users.id
    .from(users)
    .where(
      and(
        or(ilike(users.fullName, name), like(users.email, name)), //~ certain filter users.full_name; certain filter users.email
        not(inArray(users.id, ids)), //~ certain filter users.id
        isNull(users.deletedAt), //~ certain filter users.deleted_at
      ),
    );
}

// 8. where() with a callback
export function recent(since: Date) {
  return db
    .select({ id: posts.id }) //~ certain select posts.id
    .from(posts)
    .where((row) => gt(posts.createdAt, since)); //~ certain filter posts.created_at
}

// 9. arrayContains()
export function tagged(tag: string) {
  return db.select({ id: users.id }).from(users).where(arrayContains(users.tags, [tag])); //~ certain select users.id; certain filter users.tags
}

// 10. orderBy() with and without a direction
export function sorted() {
  return db
    .select({ title: posts.title }) //~ certain select posts.title
    .from(posts)
    .orderBy(desc(posts.views), asc(posts.createdAt), posts.id); //~ certain filter posts.views; certain filter posts.created_at; certain filter posts.id
}

// 11. groupBy() and having()
export function totals() {
  return db
    .select({ user: orders.userId, sum: sql<string>`sum(${orders.total})` }) //~ certain select orders.user_id; certain select orders.total
    .from(orders)
    .groupBy(orders.userId) //~ certain filter orders.user_id
    .having(sql`count(${orders.coupon}) > 2`); //~ certain filter orders.coupon
}

// 12. a condition that is a constant of the file
const alive = isNull(users.deletedAt); //~ certain filter users.deleted_at

export function living() {
  return db.select({ id: users.id }).from(users).where(alive); //~ certain select users.id
}

// 13. $dynamic(): a query that grows by statements
export function grown(email?: string) {
  let query = db.select({ id: users.id }).from(users).$dynamic(); //~ certain select users.id
  if (email) {
    query = query.where(eq(users.email, email)); //~ certain filter users.email
  }
  return query.orderBy(users.createdAt); //~ certain filter users.created_at
}

// 14. operators by a namespace
export function byNamespace(name: string) {
  return db.select({ id: users.id }).from(users).where(orm.eq(users.fullName, name)); //~ certain select users.id; certain filter users.full_name
}

// 15. two columns compared
export function unchanged() {
  return db
    .select({ id: posts.id }) //~ certain select posts.id
    .from(posts)
    .where(and(isNotNull(posts.updatedAt), eq(posts.updatedAt, posts.createdAt))); //~ certain filter posts.updated_at; certain filter posts.created_at
}

// 16. a range, and a value that is not
export function range(low: number, high: number) {
  return db
    .select({ rows: sql<number>`count(*)` })
    .from(posts)
    .where(and(between(posts.views, low, high), ne(posts.published, false))); //~ certain filter posts.views; certain filter posts.published
}

// 17. rows locked: the table is named and no column
export function locked(id: number) {
  return db.select({ id: orders.id }).from(orders).where(eq(orders.id, id)).for("update", { of: orders }); //~ certain select orders.id; certain filter orders.id
}
