import { createInsertSchema, createUpdateSchema } from "drizzle-orm/zod";
import { posts, users } from "~/db/schema";

// 287. v1: zod schemas come with drizzle-orm
export const newPost = createInsertSchema(posts); //~ possible type posts.*
export const patch = createUpdateSchema(users); //~ possible type users.*

// 288. v1: $inferSelect
export type User = typeof users.$inferSelect; //~ possible type users.*
