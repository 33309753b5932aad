import { eq } from "drizzle-orm";
import { db } from "../db/index.js";
import { bookmarks } from "../db/schema/posts.js";

// 207. imports that end in .js and mean .ts
export function notes(userId: number) {
  return db.select({ note: bookmarks.note }).from(bookmarks).where(eq(bookmarks.userId, userId)); //~ certain select bookmarks.note; certain filter bookmarks.user_id
}
