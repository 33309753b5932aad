import { eq, sql } from "drizzle-orm";
import { db, posts, projects, users } from "@/db";

// 174. update() names the columns that are set, and those of where()
export function rename(id: number, name: string) {
  return db.update(users).set({ fullName: name }).where(eq(users.id, id)); //~ certain update users.full_name; certain filter users.id
}

// 175. keys on lines of their own
export function reset(id: number) {
  return db
    .update(users)
    .set({
      password: "-", //~ certain update users.password_hash
      "role": "member", //~ certain update users.role
    })
    .where(eq(users.id, id)); //~ certain filter users.id
}

// 176. shorthand keys
export function move(id: number, email: string) {
  return db.update(users).set({ email }).where(eq(users.id, id)); //~ certain update users.email; certain filter users.id
}

// 177. update() sets $onUpdate columns
export function publish(id: number) {
  return db
    .update(posts) //~ certain update posts.updated_at
    .set({ published: true }) //~ certain update posts.published
    .where(eq(posts.id, id)); //~ certain filter posts.id
}

// 178. a key whose value is undefined is left out of the SQL
export function leftOut(id: number, email: string) {
  return db
    .update(users)
    .set({
      email, //~ certain update users.email
      fullName: undefined,
    })
    .where(eq(users.id, id)); //~ certain filter users.id
}

// 179. a value computed of the column itself
export function viewed(id: number) {
  return db
    .update(posts) //~ certain update posts.updated_at
    .set({ views: sql`${posts.views} + 1` }) //~ certain update posts.views
    .where(eq(posts.id, id)); //~ certain filter posts.id
}

// 180. update() with from(): a value out of the other table
export function sign() {
  return db
    .update(posts) //~ certain update posts.updated_at
    .set({ title: users.fullName }) //~ certain update posts.title; certain select users.full_name
    .from(users)
    .where(eq(posts.authorId, users.id)); //~ certain filter posts.author_id; certain filter users.id
}

// 181. returning() after from() names every column of both
export function signBack() {
  return db
    .update(posts) //~ certain update posts.updated_at
    .set({ body: "" }) //~ certain update posts.body
    .from(users)
    .where(eq(posts.authorId, users.id)) //~ certain filter posts.author_id; certain filter users.id
    .returning(); //~ certain returning posts.*; certain returning users.*
}

// 182. returning() of chosen columns
export function rebrand(id: number, name: string) {
  return db
    .update(projects)
    .set({ name }) //~ certain update acme_projects.name
    .where(eq(projects.id, id)) //~ certain filter acme_projects.id
    .returning({ slug: projects.slug }); //~ certain returning acme_projects.slug
}

// 183. set() of what is not known
export function patch(id: number, values: Partial<typeof users.$inferInsert>) { //~ possible type users.*
  return db
    .update(users)
    .set(values) //~ likely update users.*
    .where(eq(users.id, id)); //~ certain filter users.id
}

// 184. known keys beside what is not known
export function patchMore(id: number, values: any) {
  return db
    .update(users)
    .set({
      ...values, //~ likely update users.*
      deletedAt: null, //~ certain update users.deleted_at
    })
    .where(eq(users.id, id)); //~ certain filter users.id
}

// 185. keys that are set under a condition
export function patchMaybe(id: number, email: string, name?: string) {
  return db
    .update(users)
    .set({
      email, //~ certain update users.email
      ...(name ? { fullName: name } : {}), //~ likely update users.full_name
    })
    .where(eq(users.id, id)); //~ certain filter users.id
}

// 186. a key that is computed
export function patchKey(id: number, key: "email" | "fullName", value: string) {
  return db
    .update(users)
    .set({ [key]: value }) //~ likely update users.*
    .where(eq(users.id, id)); //~ certain filter users.id
}

// 187. values gathered in a variable of the function
export function gathered(id: number, name: string) {
  const values = {
    fullName: name, //~ certain update users.full_name
  };
  return db.update(users).set(values).where(eq(users.id, id)); //~ certain filter users.id
}
