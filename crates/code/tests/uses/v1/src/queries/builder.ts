import { eq, getColumns, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { db, pool } from "~/db";
import * as schema from "~/db/schema";
import { events, groups, members, posts, users, writers } from "~/db/schema";

// 253. v1: snakeCase.table makes the names of columns
export function names() {
  return db.select({ name: users.fullName, since: users.createdAt }).from(users); //~ certain select users.full_name; certain select users.created_at
}

// 254. v1: getColumns() without one of them
export function withoutPassword() {
  const { passwordHash, ...others } = getColumns(users);
  return db.select(others).from(users); //~ certain select users.* - password_hash
}

// 255. v1: identity GENERATED ALWAYS is left out of an insert
export function add(email: string) {
  return db.insert(users).values({ email, passwordHash: "-" }); //~ certain insert users.* - id
}

// 256. v1: identity BY DEFAULT is named, a generated column is not; returning() names all
export function addPost(userId: number) {
  return db
    .insert(posts) //~ certain insert posts.* - slug
    .values({ authorId: userId, title: "x" })
    .returning(); //~ certain returning posts.*
}

// 257. v1: an upsert
export function upsert(id: number) {
  return db
    .insert(posts) //~ certain insert posts.* - slug
    .values({ id, authorId: id, title: "x" })
    .onConflictDoUpdate({ //~ certain update posts.edited_at
      target: posts.id, //~ certain conflict posts.id
      set: { views: sql`${posts.views} + 1` }, //~ certain update posts.views
    });
}

// 258. v1: insert() of a query names the keys of the query only
export function join() {
  return db
    .insert(members) //~ certain insert members.user_id; certain insert members.group_id
    .select(
      db
        .select({
          userId: users.id, //~ certain select users.id
          groupId: groups.id, //~ certain select groups.id
        })
        .from(users)
        .crossJoin(groups),
    );
}

// 259. v1: update(), with $onUpdate
export function rename(id: number) {
  return db
    .update(posts) //~ certain update posts.edited_at
    .set({ title: "x" }) //~ certain update posts.title
    .where(eq(posts.id, id)); //~ certain filter posts.id
}

// 260. v1: delete() in another schema
export function forget(userId: number) {
  return db
    .delete(events) //~ certain delete audit.events
    .where(eq(events.userId, userId)); //~ certain filter audit.events.user_id
}

// 261. v1: an alias
export function aliased() {
  const person = alias(schema.users, "person");
  return db.select({ name: person.fullName }).from(person); //~ certain select users.full_name
}

// 262. v1: a view
export function all() {
  return db.select().from(writers); //~ certain select writers.*
}

// 263. v1: a transaction
export function swap(id: number) {
  return db.transaction(async (tx) => {
    await tx.execute(sql`update posts set views = 0 where id = ${id}`); //~ certain update posts.views; certain filter posts.id
    return await tx.query.posts.findFirst({ columns: { views: true }, where: { id } }); //~ certain select posts.views; certain filter posts.id
  });
}

// 264. v1: a prepared query
export const byEmail = db
  .select({ id: users.id }) //~ certain select users.id
  .from(users)
  .where(eq(users.email, sql.placeholder("email"))) //~ certain filter users.email
  .prepare("by_email");

// 265. v1: raw SQL says the names of the database
export function inSql() {
  return pool.query("select full_name from users"); //~ certain select users.full_name
}
