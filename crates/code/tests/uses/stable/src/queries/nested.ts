import { eq, exists, gt, inArray, lt, notExists, sql } from "drizzle-orm";
import { QueryBuilder, except, union } from "drizzle-orm/pg-core";
import { bookmarks, comments, db, invitations, posts, users } from "@/db";

// 60. a subquery: its columns are named inside; outside they are the subquery's
export function fromSubquery(name: string) {
  const named = db.select({ id: users.id, name: users.fullName }).from(users).as("named"); //~ certain select users.id; certain select users.full_name
  return db.select({ id: named.id }).from(named).where(eq(named.name, name));
}

// 61. select() of a subquery
export function allOfSubquery() {
  const some = db.select({ title: posts.title }).from(posts).as("some"); //~ certain select posts.title
  return db.select().from(some);
}

// 62. a subquery of all columns, of which one is used
export function oneOfAll() {
  const everyone = db.select().from(users).as("everyone"); //~ certain select users.*
  return db.select({ email: everyone.email }).from(everyone);
}

// 63. $with() and with()
export function commonTable() {
  const popular = db.$with("popular").as(
    db.select({ id: posts.id, author: posts.authorId }).from(posts).where(gt(posts.views, 100)), //~ certain select posts.id; certain select posts.author_id; certain filter posts.views
  );
  return db
    .with(popular)
    .select({ email: users.email }) //~ certain select users.email
    .from(popular)
    .innerJoin(users, eq(users.id, popular.author)); //~ certain filter users.id
}

// 64. a CTE made with a callback, and select() of it
export function withCallback() {
  const drafts = db.$with("drafts").as((qb) => qb.select().from(posts).where(eq(posts.published, false))); //~ certain select posts.*; certain filter posts.published
  return db.with(drafts).select().from(drafts);
}

// 65. a CTE that deletes
export function moved(id: number) {
  const gone = db.$with("gone").as(
    db
      .delete(bookmarks) //~ certain delete bookmarks
      .where(eq(bookmarks.postId, id)) //~ certain filter bookmarks.post_id
      .returning({ user: bookmarks.userId }), //~ certain returning bookmarks.user_id
  );
  return db.with(gone).select().from(gone);
}

// 66. inArray() of a query
export function writers() {
  return db
    .select({ email: users.email }) //~ certain select users.email
    .from(users)
    .where(inArray(users.id, db.select({ id: posts.authorId }).from(posts))); //~ certain filter users.id; certain select posts.author_id
}

// 67. exists() of a query with all columns
export function bookmarked() {
  return db
    .select({ title: posts.title }) //~ certain select posts.title
    .from(posts)
    .where(exists(db.select().from(bookmarks).where(eq(bookmarks.postId, posts.id)))); //~ certain select bookmarks.*; certain filter bookmarks.post_id; certain filter posts.id
}

// 68. notExists() of a query without columns
export function silent() {
  return db
    .select({ id: users.id }) //~ certain select users.id
    .from(users)
    .where(
      notExists(
        db
          .select({ one: sql`1` })
          .from(comments)
          .where(eq(comments.authorId, users.id)), //~ certain filter comments.author_id; certain filter users.id
      ),
    );
}

// 69. a query in the list
export function inList() {
  return db
    .select({
      email: users.email, //~ certain select users.email
      posts: db.$count(posts, eq(posts.authorId, users.id)), //~ certain filter posts.author_id; certain filter users.id
    })
    .from(users);
}

// 70. union() of two tables
export function addresses() {
  return union(
    db.select({ email: users.email }).from(users), //~ certain select users.email
    db.select({ email: invitations.email }).from(invitations), //~ certain select invites.email
  );
}

// 71. set operations as methods, and as functions in functions
export function strangers() {
  const left = db.select({ email: invitations.email }).from(invitations).except(db.select({ email: users.email }).from(users)); //~ certain select invites.email; certain select users.email
  const right = except(db.select({ id: posts.id }).from(posts), db.select({ id: comments.postId }).from(comments)); //~ certain select posts.id; certain select comments.post_id
  return [left, right] as const;
}

// 72. a QueryBuilder without a connection
export function old(limit: Date) {
  const builder = new QueryBuilder();
  const ids = builder.select({ id: posts.id }).from(posts).where(lt(posts.createdAt, limit)); //~ certain select posts.id; certain filter posts.created_at
  return db.delete(posts).where(inArray(posts.id, ids)); //~ certain delete posts; certain filter posts.id
}
