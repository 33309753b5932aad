import { SessionAdapter } from "session-adapter";
import { db, sessions, users } from "@/db";

// 200. tables that are handed to a package
export const adapter = SessionAdapter(db, {
  usersTable: users, //~ possible named users.*
  sessionsTable: sessions, //~ possible named auth.sessions.*
});
