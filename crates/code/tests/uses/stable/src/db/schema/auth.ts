import { integer, pgSchema, text, timestamp } from "drizzle-orm/pg-core";

export const auth = pgSchema("auth");

export const sessions = auth.table("sessions", {
  id: text("id").primaryKey(),
  userId: integer("user_id").notNull(),
  token: text("token").notNull(),
  expiresAt: timestamp("expires_at").notNull(),
});
