import { eq, getTableColumns, isNull, sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import { bookmarks, db, orderLines, orders, posts, users } from "@/db";

// 34. insert() names every declared column, whatever is given
export function add(email: string) {
  return db.insert(users).values({ email, password: "-" }); //~ certain insert users.*
}

// 35. many rows, on lines of their own
export async function addMany(emails: string[]) {
  await db
    .insert(users) //~ certain insert users.*
    .values(emails.map((email) => ({ email, fullName: email, password: "-" })));
}

// 36. rows that come from elsewhere
export function addAny(rows: any) {
  return db.insert(bookmarks).values(rows); //~ certain insert bookmarks.*
}

// 37. generated columns are left out
export function addLine(id: number) {
  return db.insert(orderLines).values({ orderId: id, sku: "x", quantity: 1, price: "9.90" }); //~ certain insert order_lines.* - amount
}

// 38. an identity column is named, GENERATED ALWAYS too
export function addOrder(id: number) {
  return db.insert(orders).values({ userId: id, total: "1" }); //~ certain insert orders.*
}

// 39. returning() names every column
export function addBack(email: string) {
  return db
    .insert(users) //~ certain insert users.*
    .values({ email, password: "-" })
    .returning(); //~ certain returning users.*
}

// 40. returning() of chosen columns
export function addId(email: string) {
  return db
    .insert(users) //~ certain insert users.*
    .values({ email, password: "-" })
    .returning({
      id: users.id, //~ certain returning users.id
      since: users.createdAt, //~ certain returning users.created_at
    });
}

// 41. onConflictDoNothing() without a target names nothing
export function addOnce(email: string) {
  return db.insert(users).values({ email, password: "-" }).onConflictDoNothing(); //~ certain insert users.*
}

// 42. onConflictDoNothing() with a target
export function addOnceBy(email: string) {
  return db
    .insert(users) //~ certain insert users.*
    .values({ email, password: "-" })
    .onConflictDoNothing({ target: users.email }); //~ certain conflict users.email
}

// 43. onConflictDoUpdate() with a target and set
export function upsert(email: string, name: string) {
  return db
    .insert(users) //~ certain insert users.*
    .values({ email, fullName: name, password: "-" })
    .onConflictDoUpdate({
      target: users.email, //~ certain conflict users.email
      set: {
        fullName: sql`excluded.full_name`, //~ certain update users.full_name
        role: "member", //~ certain update users.role
      },
      setWhere: isNull(users.deletedAt), //~ certain filter users.deleted_at
    });
}

// 44. a target of several columns, and names by the columns' own .name
export function bookmark(userId: number, postId: number) {
  return db
    .insert(bookmarks) //~ certain insert bookmarks.*
    .values({ userId, postId, note: "again" })
    .onConflictDoUpdate({
      target: [bookmarks.userId, bookmarks.postId], //~ certain conflict bookmarks.user_id; certain conflict bookmarks.post_id
      set: { note: sql.raw(`excluded.${bookmarks.note.name}`) }, //~ certain update bookmarks.note
    });
}

// 45. an upsert sets $onUpdate columns as well
export function upsertPost(id: number) {
  return db
    .insert(posts) //~ certain insert posts.*
    .values({ id, authorId: id, title: "?" })
    .onConflictDoUpdate({ target: posts.id, set: { title: "!" } }); //~ certain conflict posts.id; certain update posts.title; certain update posts.updated_at
}

/** What an upsert sets to the row that was to be inserted. */
function excluded(table: PgTable, ...names: string[]) {
  return Object.fromEntries(names.map((name) => [name, sql.raw(`excluded.${getTableColumns(table)[name]!.name}`)]));
}

// 46. a set that a function makes
export function upsertMade(email: string) {
  return db
    .insert(users) //~ certain insert users.*
    .values({ email, password: "-" })
    .onConflictDoUpdate({
      target: users.email, //~ certain conflict users.email
      set: excluded(users, "fullName"), //~ likely update users.*
    });
}

// 47. insert() of a query
export function copy() {
  return db
    .insert(bookmarks) //~ certain insert bookmarks.*
    .select(
      db
        .select({
          userId: users.id, //~ certain select users.id
          postId: posts.id, //~ certain select posts.id
          note: posts.title, //~ certain select posts.title
        })
        .from(users)
        .innerJoin(posts, eq(posts.authorId, users.id)), //~ certain filter posts.author_id; certain filter users.id
    );
}

// 48. insert() of a query made with a callback
export function copyAll() {
  return db.insert(bookmarks).select((qb) => qb.select().from(bookmarks).where(isNull(bookmarks.note))); //~ certain insert bookmarks.*; certain select bookmarks.*; certain filter bookmarks.note
}

// 49. a query in the values
export function addFor(email: string) {
  return db.insert(orders).values({ //~ certain insert orders.*
    userId: sql`(select ${users.id} from ${users} where ${users.email} = ${email})`, //~ certain select users.id; certain filter users.email
    total: "0",
  });
}
