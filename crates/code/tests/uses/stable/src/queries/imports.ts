import { eq } from "drizzle-orm";
import { db as mainDb } from "#db";
import { sessions as logins } from "#schema/auth";
import { comments } from "src/db/schema/posts";
import { everyone } from "@/barrels/first";
import * as database from "@/db";
import { type Database, db, schema as tables } from "@/db";
import { users as accounts } from "@/db/schema/users";
import preferences from "../db/schema/settings";
import * as schema from "../db/schema";
import { invitations, settings } from "../db/schema";

// 18. a namespace import
export function byNamespace(email: string) {
  return db.select({ id: schema.users.id }).from(schema.users).where(eq(schema.users.email, email)); //~ certain select users.id; certain filter users.email
}

// 19. all columns by a namespace
export function allByNamespace() {
  return db.select().from(schema.posts); //~ certain select posts.*
}

// 20. an import under another name
export function underOtherName() {
  return db.select({ name: accounts.fullName }).from(accounts); //~ certain select users.full_name
}

// 21. a default export
export function byDefault(key: string) {
  return db.delete(preferences).where(eq(preferences.key, key)); //~ certain delete settings; certain filter settings.key
}

// 22. a default export that a barrel gives a name
export function reexportedDefault() {
  return db.select({ value: settings.value }).from(settings); //~ certain select settings.value
}

// 23. a table that a barrel exports under another name
export function reexported() {
  return db.select({ code: invitations.code }).from(invitations); //~ certain select invites.code
}

// 24. a namespace that is exported by name
export function namespaceExported() {
  return db.select({ title: tables.posts.title }).from(tables.posts); //~ certain select posts.title
}

// 25. database and tables of one namespace
export function everythingByNamespace() {
  return database.db.query.users.findMany({ columns: { tags: true } }); //~ certain select users.tags
}

// 26. a namespace taken apart
export function namespaceTakenApart() {
  const { posts, users: people } = schema;
  return db.select({ title: posts.title, name: people.fullName }).from(posts).innerJoin(people, eq(people.id, posts.authorId)); //~ certain select posts.title; certain select users.full_name; certain filter users.id; certain filter posts.author_id
}

// 27. import() as an expression
export async function dynamicImport() {
  const { users } = await import("@/db/schema");
  return db.select({ since: users.createdAt }).from(users); //~ certain select users.created_at
}

// 28. a table in an object of the file
const named = { people: schema.users };

export function inObject() {
  return db.select({ role: named.people.role }).from(named.people); //~ certain select users.role
}

// 29. a database in an object of the file
const services = { db, started: new Date() };

export function databaseInObject() {
  return services.db.query.users.findMany({ columns: { settings: true } }); //~ certain select users.settings
}

// 30. types, parentheses and ! around what is used
export function wrapped(id: number) {
  return (db as Database)!.select({ name: (schema.users satisfies object).fullName! }).from(schema.users as typeof schema.users).where(eq((schema.users).id, id)); //~ certain select users.full_name; certain filter users.id
}

// 31. imports of package.json
export function subpathImport() {
  return mainDb.select({ token: logins.token }).from(logins); //~ certain select auth.sessions.token
}

// 32. a path that begins at baseUrl
export function atBaseUrl() {
  return db.select({ body: comments.body }).from(comments); //~ certain select comments.body
}

// 33. barrels that export each other
export function cyclic() {
  return db.select({ name: everyone.fullName }).from(everyone); //~ certain select users.full_name
}
