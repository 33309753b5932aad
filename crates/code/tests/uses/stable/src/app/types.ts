import type { InferInsertModel, InferSelectModel } from "drizzle-orm";
import { createInsertSchema, createSelectSchema } from "drizzle-zod";
import { posts, projects, users } from "@/db/schema";
import type { orders } from "@/db/schema";

// 201. $inferSelect and $inferInsert
export type User = typeof users.$inferSelect; //~ possible type users.*
export type NewUser = typeof users.$inferInsert; //~ possible type users.*

// 202. InferSelectModel and InferInsertModel
export type Post = InferSelectModel<typeof posts>; //~ possible type posts.*
export type NewPost = InferInsertModel<typeof posts>; //~ possible type posts.*

// 203. of a table that is imported as a type
export type Order = typeof orders.$inferSelect; //~ possible type orders.*

// 204. zod schemas made of tables
export const newUser = createInsertSchema(users, { email: (field) => field.min(3) }).omit({ password: true }); //~ possible type users.*
export const project = createSelectSchema(projects).pick({ slug: true }); //~ possible type acme_projects.*

export function label(user: User) {
  return user.fullName ?? user.email;
}
