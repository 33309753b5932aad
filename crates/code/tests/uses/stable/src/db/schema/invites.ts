import { integer, pgTable, text, varchar } from "drizzle-orm/pg-core";

export const invites = pgTable("invites", {
  code: varchar("code", { length: 12 }).primaryKey(),
  email: text("email").notNull(),
  invitedBy: integer("invited_by").notNull(),
});

/** `fullName` has another name in the database than that of `users`. */
export const contacts = pgTable("contacts", {
  id: integer("id").primaryKey(),
  fullName: text("display_name").notNull(),
});

/** A column with the key of another table. */
export const teams = pgTable("teams", {
  id: integer("id").primaryKey(),
  users: integer("users").notNull(),
});
