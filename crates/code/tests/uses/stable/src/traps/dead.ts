import { eq } from "drizzle-orm";
import { db, posts, users } from "@/db";
import type { orders } from "@/db/schema";

// 214. trap: imports that nothing uses
export const nothing = 0;

// 215. trap: code in comments
export function commentedOut() {
  // return db.select({ name: users.fullName }).from(users).where(eq(users.email, ""));
  /*
   * await db.delete(posts).where(eq(posts.id, 1));
   */
  return nothing;
}

// 216. trap: code in a text
export const EXAMPLE = `
  const rows = await db.select().from(users);
  await db.update(users).set({ fullName: "x" });
`;
