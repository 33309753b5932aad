import { and, eq, getTableColumns, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { activeUsers, billing, comments, db, postStats, posts, projects, sessions, users } from "@/db";

// 50. select() without a list names every column of what is joined, too
export function all() {
  return db
    .select() //~ certain select users.*; certain select posts.*
    .from(users)
    .leftJoin(posts, eq(posts.authorId, users.id)); //~ certain filter posts.author_id; certain filter users.id
}

// 51. the columns of one table, all of the other
export function titles() {
  return db
    .select({ title: posts.title, author: users }) //~ certain select posts.title; certain select users.*
    .from(posts)
    .innerJoin(users, eq(users.id, posts.authorId)); //~ certain filter users.id; certain filter posts.author_id
}

// 52. a join of which no column is named
export function pairs() {
  return db
    .select({ id: users.id }) //~ certain select users.id
    .from(users)
    .crossJoin(projects); //~ certain select acme_projects
}

// 53. a table joined with itself under an alias
export function managers() {
  const manager = alias(users, "manager");
  return db
    .select({ name: users.fullName, manager: manager.fullName }) //~ certain select users.full_name
    .from(users)
    .rightJoin(manager, and(eq(manager.id, users.id), eq(manager.role, "admin"))); //~ certain filter users.id; certain filter users.role
}

// 54. all columns of an alias
const reply = alias(comments, "reply");

export function replies() {
  return db
    .select({ ...getTableColumns(reply) }) //~ certain select comments.*
    .from(comments)
    .fullJoin(reply, eq(reply.parentId, comments.id)); //~ certain filter comments.parent_id; certain filter comments.id
}

// 55. a table of another schema
export function tokens() {
  return db
    .select({ token: sessions.token, email: users.email }) //~ certain select auth.sessions.token; certain select users.email
    .from(sessions)
    .leftJoin(users, eq(users.id, sessions.userId)); //~ certain filter users.id; certain filter auth.sessions.user_id
}

// 56. a lateral join
export function latest() {
  const post = db
    .select({ title: posts.title }) //~ certain select posts.title
    .from(posts)
    .where(eq(posts.authorId, users.id)) //~ certain filter posts.author_id; certain filter users.id
    .limit(1)
    .as("post");
  return db.select({ email: users.email, title: post.title }).from(users).leftJoinLateral(post, sql`true`); //~ certain select users.email
}

// 57. a view: its own columns, not those of the tables behind it
export function active() {
  return db.select().from(activeUsers); //~ certain select active_users.*
}

// 58. a materialized view and one that somebody else made
export function stats() {
  return db
    .select({ posts: postStats.posts, total: billing.total }) //~ certain select post_stats.posts; certain select billing.total
    .from(postStats)
    .innerJoin(billing, eq(billing.userId, postStats.authorId)); //~ certain filter billing.user_id; certain filter post_stats.author_id
}

// 59. refresh of a materialized view
export function refresh() {
  return db.refreshMaterializedView(postStats).concurrently(); //~ certain named post_stats
}
