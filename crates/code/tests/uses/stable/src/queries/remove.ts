import { and, eq, lt } from "drizzle-orm";
import { bookmarks, db, sessions, users } from "@/db";

// 109. delete() names the table and no column
export function clear() {
  return db.delete(bookmarks); //~ certain delete bookmarks
}

// 110. delete() with where()
export function expire(now: Date) {
  return db
    .delete(sessions) //~ certain delete auth.sessions
    .where(lt(sessions.expiresAt, now)); //~ certain filter auth.sessions.expires_at
}

// 111. delete() with returning()
export function remove(id: number) {
  return db.delete(users).where(eq(users.id, id)).returning(); //~ certain delete users; certain filter users.id; certain returning users.*
}

// 112. delete() with returning() of one column
export function forget(userId: number, postId: number) {
  return db
    .delete(bookmarks) //~ certain delete bookmarks
    .where(and(eq(bookmarks.userId, userId), eq(bookmarks.postId, postId))) //~ certain filter bookmarks.user_id; certain filter bookmarks.post_id
    .returning({ note: bookmarks.note }); //~ certain returning bookmarks.note
}
