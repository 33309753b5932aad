import { and, desc, eq, ilike, sql } from "drizzle-orm";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import { type Database, db, getDb, pool, posts, users } from "@/db";
import * as schema from "@/db/schema";

// 89. findMany() names every declared column
export function all() {
  return db.query.users.findMany(); //~ certain select users.*
}

// 90. findMany() with columns: true
export function some() {
  return db.query.users.findMany({
    columns: {
      id: true, //~ certain select users.id
      fullName: true, //~ certain select users.full_name
    },
  });
}

// 91. findMany() with columns: false
export function others() {
  return db.query.users.findMany({ columns: { password: false } }); //~ certain select users.* - password_hash
}

// 92. where true and false meet, only true counts
export function mixed() {
  return db.query.users.findMany({ columns: { email: true, password: false } }); //~ certain select users.email
}

// 93. findFirst() with where and orderBy
export function newest(name: string) {
  return db.query.users.findFirst({
    columns: { id: true }, //~ certain select users.id
    where: ilike(users.fullName, name), //~ certain filter users.full_name
    orderBy: [desc(users.createdAt)], //~ certain filter users.created_at
  });
}

// 94. where and orderBy as callbacks
export function callbacks(email: string) {
  return db.query.users.findFirst({
    columns: { id: true }, //~ certain select users.id
    where: (user, { eq, and, isNull }) => and(eq(user.email, email), isNull(user.deletedAt)), //~ certain filter users.email; certain filter users.deleted_at
    orderBy: (user, { asc }) => asc(user.createdAt), //~ certain filter users.created_at
  });
}

// 95. callbacks that take the table apart
export function takenApart(email: string) {
  return db.query.users.findFirst({
    columns: { id: true }, //~ certain select users.id
    where: ({ email: column }, operators) => operators.eq(column, email), //~ certain filter users.email
  });
}

// 96. with: every column of what comes along, and both sides of the join
export function withPosts() {
  return db.query.users.findMany({
    columns: { email: true }, //~ certain select users.email
    with: {
      posts: true, //~ certain select posts.*; certain filter posts.author_id; certain filter users.id
    },
  });
}

// 97. with in with, each with columns
export function withComments() {
  return db.query.users.findMany({
    columns: {},
    with: {
      posts: { //~ certain filter posts.author_id; certain filter users.id
        columns: { title: true }, //~ certain select posts.title
        orderBy: desc(posts.views), //~ certain filter posts.views
        with: {
          comments: { columns: { body: true } }, //~ certain select comments.body; certain filter comments.post_id; certain filter posts.id
        },
      },
    },
  });
}

// 98. with: one, without some of its columns
export function withAuthor(id: number) {
  return db.query.posts.findFirst({ //~ certain select posts.*
    where: eq(posts.id, id), //~ certain filter posts.id
    with: {
      author: { columns: { password: false, settings: false } }, //~ certain select users.* - password_hash, settings; certain filter users.id; certain filter posts.author_id
    },
  });
}

// 99. where inside of with
export function withDrafts() {
  return db.query.users.findMany({
    columns: { id: true }, //~ certain select users.id
    with: {
      posts: { //~ certain filter posts.author_id; certain filter users.id
        columns: { id: true }, //~ certain select posts.id
        where: (post, { eq }) => eq(post.published, false), //~ certain filter posts.published
      },
    },
  });
}

// 100. extras
export function extras() {
  return db.query.users.findMany({
    columns: { id: true }, //~ certain select users.id
    extras: {
      address: sql<string>`lower(${users.email})`.as("address"), //~ certain select users.email
    },
  });
}

// 101. extras as a callback
export function extrasCallback() {
  return db.query.posts.findMany({
    columns: { id: true }, //~ certain select posts.id
    extras: (post, { sql }) => ({
      size: sql<number>`length(${post.body})`.as("size"), //~ certain select posts.body
    }),
  });
}

// 102. columns that are a constant of the file
const slim = {
  id: true, //~ certain select users.id
  email: true, //~ certain select users.email
} as const;

export function constantColumns() {
  return db.query.users.findMany({ columns: slim });
}

// 103. the key of db.query is that of the schema, not the table's
export function renamed() {
  return db.query.invitations.findMany({ columns: { code: true } }); //~ certain select invites.code
}

// 104. a schema made by hand, with other keys
const reporting = drizzle(pool, { schema: { people: users } });

export function people() {
  return reporting.query.people.findMany(); //~ certain select users.*
}

// 105. a database that a function returns
export function byGetter() {
  return getDb().query.projects.findMany(); //~ certain select acme_projects.*
}

// 106. a parameter with drizzle's type
export function byParameter(database: NodePgDatabase<typeof schema>) {
  return database.query.sessions.findMany({ columns: { token: true } }); //~ certain select auth.sessions.token
}

// 107. a parameter with the app's own type for its database
export function byOwnType(database: Database) {
  return database.query.settings.findMany(); //~ certain select settings.*
}

// 108. what is not known to be a database
export function byUnknown(app: any) {
  return app.db.query.users.findMany({ //~ likely select users.*
    where: and(eq(users.role, "admin")), //~ likely filter users.role
  });
}
