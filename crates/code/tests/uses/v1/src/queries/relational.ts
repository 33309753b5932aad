import { eq, sql } from "drizzle-orm";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import { type Database, db, pool } from "~/db";
import { relations } from "~/db/relations";
import { posts } from "~/db/schema";

// 266. v1: findMany() names every declared column
export function all() {
  return db.query.users.findMany(); //~ certain select users.*
}

// 267. v1: columns with true, and with false
export function chosen() {
  return Promise.all([
    db.query.users.findMany({ columns: { id: true, fullName: true } }), //~ certain select users.id; certain select users.full_name
    db.query.users.findMany({ columns: { passwordHash: false } }), //~ certain select users.* - password_hash
  ]);
}

// 268. v1: where and orderBy are objects
export function objects(email: string) {
  return db.query.users.findFirst({
    columns: { id: true }, //~ certain select users.id
    where: {
      email, //~ certain filter users.email
      fullName: { ilike: "a%" }, //~ certain filter users.full_name
    },
    orderBy: { createdAt: "desc" }, //~ certain filter users.created_at
  });
}

// 269. v1: OR, AND and NOT
export function logic(email: string, id: number) {
  return db.query.users.findFirst({
    columns: { fullName: true }, //~ certain select users.full_name
    where: {
      OR: [
        { email }, //~ certain filter users.email
        { AND: [{ createdAt: { isNotNull: true } }] }, //~ certain filter users.created_at
      ],
      NOT: { id }, //~ certain filter users.id
    },
  });
}

// 270. v1: RAW
export function raw(email: string) {
  return db.query.users.findFirst({
    columns: { id: true }, //~ certain select users.id
    where: { RAW: (user, { ilike }) => ilike(user.email, email) }, //~ certain filter users.email
  });
}

// 271. v1: RAW with a template
export function rawTemplate(email: string) {
  return db.query.users.findFirst({
    columns: { id: true }, //~ certain select users.id
    where: { RAW: (user) => sql`lower(${user.email}) = ${email}` }, //~ certain filter users.email
  });
}

// 272. v1: a filter on a relation names both sides of the join
export function writersOf(title: string) {
  return db.query.users.findMany({
    columns: { email: true }, //~ certain select users.email
    where: {
      posts: { //~ certain filter users.id; certain filter posts.author_id
        title, //~ certain filter posts.title
      },
    },
  });
}

// 273. v1: a filter for any row of a relation
export function anyPosts() {
  return db.query.users.findMany({
    columns: { email: true }, //~ certain select users.email
    where: { posts: true }, //~ certain filter users.id; certain filter posts.author_id
  });
}

// 274. v1: with
export function withPosts() {
  return db.query.users.findMany({
    columns: { email: true }, //~ certain select users.email
    with: {
      posts: true, //~ certain select posts.*; certain filter users.id; certain filter posts.author_id
    },
  });
}

// 275. v1: with: one, with columns
export function withAuthor(id: number) {
  return db.query.posts.findFirst({
    columns: { slug: true }, //~ certain select posts.slug
    where: { id }, //~ certain filter posts.id
    with: {
      author: { columns: { email: true } }, //~ certain select users.email; certain filter users.id; certain filter posts.author_id
    },
  });
}

// 276. v1: with through a third table
export function withGroups() {
  return db.query.users.findMany({
    columns: { email: true }, //~ certain select users.email
    with: {
      groups: true, //~ certain select groups.*; certain filter groups.id; certain filter users.id; certain filter members.user_id; certain filter members.group_id
    },
  });
}

// 277. v1: a relation that has a filter of its own
export function withDrafts() {
  return db.query.users.findMany({
    columns: { email: true }, //~ certain select users.email
    with: {
      drafts: { columns: { title: true } }, //~ certain select posts.title; certain filter posts.views; certain filter users.id; certain filter posts.author_id
    },
  });
}

// 278. v1: where and orderBy inside of with
export function withPopular() {
  return db.query.users.findMany({
    columns: {},
    with: {
      posts: { //~ certain filter users.id; certain filter posts.author_id
        columns: { title: true }, //~ certain select posts.title
        where: { views: { gt: 100 } }, //~ certain filter posts.views
        orderBy: { editedAt: "asc" }, //~ certain filter posts.edited_at
      },
    },
  });
}

// 279. v1: orderBy as a callback
export function sorted() {
  return db.query.users.findMany({
    columns: { id: true }, //~ certain select users.id
    orderBy: (user, { desc }) => desc(user.createdAt), //~ certain filter users.created_at
  });
}

// 280. v1: extras are functions
export function extras() {
  return db.query.users.findMany({
    columns: { id: true }, //~ certain select users.id
    extras: {
      address: (user, { sql }) => sql<string>`lower(${user.email})`, //~ certain select users.email
    },
  });
}

// 281. v1: a count in extras
export function counted() {
  return db.query.users.findMany({
    columns: { email: true }, //~ certain select users.email
    extras: {
      posts: (user) => db.$count(posts, eq(posts.authorId, user.id)), //~ certain filter posts.author_id; certain filter users.id
    },
  });
}

// 282. v1: a view has relational queries as well
export function viewed() {
  return db.query.writers.findMany(); //~ certain select writers.*
}

// 283. v1: a parameter with drizzle's type
export function byParameter(database: NodePgDatabase<typeof relations>) {
  return database.query.groups.findMany({ columns: { name: true } }); //~ certain select groups.name
}

// 284. v1: a parameter with the app's own type
export function byOwnType(database: Database) {
  return database.query.events.findMany({ columns: { what: true } }); //~ certain select audit.events.what
}

// 285. v1: drizzle() with an address, and a query at once
export function atOnce() {
  return drizzle({ client: pool, relations }).query.members.findMany({ columns: { since: true } }); //~ certain select members.since
}

// 286. v1: what is not known to be a database
export function byUnknown(app: any) {
  return app.db.query.users.findMany({
    columns: { email: true }, //~ likely select users.email
    where: { fullName: "x" }, //~ likely filter users.full_name
  });
}
